package main

import (
	"time"

	"wheelhouse/extract"
)

// timing is the program's clock and its waiting times. Only tests change them.
var timing = struct {
	now   func() time.Time
	lease time.Duration  // 0: the default of load
	api   extract.Config // zero values: the defaults of extract
}{now: time.Now, api: extract.Config{UserAgent: "wheelhouse/" + version}}
