// Package grafana has no code. It is the folder of Grafana's provisioning (a data source, dashboards, and the user with which
// Grafana reads), and of its tests.
//
// The tests run the query of every panel and variable on a loaded warehouse as that user, with macros and variables replaced
// as Grafana documents it. Each query must return rows and read schema bi only. The files must have Grafana's schema, as in
// the types of its foundation SDK, and be consistent (ids, positions, names, units).
//
// The tests do not run Grafana, so they do not check how a dashboard looks.
package grafana
