// Package wheelhouse holds what must be embedded from the top of the tree.
package wheelhouse

import _ "embed"

// Schedules is schedules.yaml: the commented example at the top of the
// repository, and the defaults of whoever has no such file.
//
//go:embed schedules.yaml
var Schedules []byte

// Schema is schedules.schema.json: the JSON schema of schedules.yaml. The program validates settings with it, and
// editors complete from it.
//
//go:embed schedules.schema.json
var Schema []byte
