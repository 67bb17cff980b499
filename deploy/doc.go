// Package deploy has no code. It is the folder of the files that run Wheelhouse elsewhere (a container image, compose,
// Kubernetes, systemd, Prometheus; the files for Grafana are in grafana), and of their tests.
//
// The tests check each file with a strict schema of the fields that the file uses, so that an unknown key or instruction
// fails, and with the file's own tool if it is installed. They run the build of the image, and start the program like the
// image. They compare variables, commands, flags, ports and paths with the program. They do not use a cluster or a Docker
// engine.
package deploy
