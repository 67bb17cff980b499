// Package grafana holds no code: it is the folder of what Grafana is provisioned with (a data source, dashboards, the
// user it reads as), and the tests that keep those files true.
//
// The tests promise that every panel's and every variable's query runs in a loaded warehouse as that user, with macros
// and variables filled in as Grafana documents it, and returns rows; that they read schema bi only; that the files have
// Grafana's own schema, as the types of its foundation SDK have it, and hang together (ids, places, names, units).
//
// They do not promise how it looks: no Grafana is run.
package grafana
