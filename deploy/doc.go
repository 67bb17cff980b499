// Package deploy holds no code: it is the folder of what runs Wheelhouse
// elsewhere (a container image, compose, Kubernetes, systemd; what Grafana needs is in grafana), and the tests that
// keep those files true.
//
// The tests promise that each file is read by its own tool where the machine has
// it, and on every machine by a strict schema of the fields used here: an unknown
// key or instruction fails. The image's build is run, and its program started as
// the image would start it. Variables, commands, flags, ports and paths are checked
// against the program. They do not promise that a cluster or a Docker engine takes
// the files: none is asked.
package deploy
