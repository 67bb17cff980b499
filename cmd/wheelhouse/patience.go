package main

import (
	"time"

	"wheelhouse/extract"
)

// patience is by which clock the program loads and how long it waits. Its tests, which cannot wait for minutes, have
// it otherwise; nobody else can.
var patience = struct {
	now   func() time.Time
	lease time.Duration  // 0: as load has it
	api   extract.Config // zero values: as extract has them
}{now: time.Now, api: extract.Config{UserAgent: "wheelhouse/" + version}}
