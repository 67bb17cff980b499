package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"wheelhouse/internal/report"
)

// stamped is the version of a release: -ldflags "-X main.stamped=1.2.3".
var stamped string

// built describes this program; version is a part of it.
var (
	built   = readBuild()
	version = built.Version
)

// buildInfo is what the program knows about its own build.
type buildInfo struct {
	Version string `json:"version"` // the stamp of a release, else the version that Go gives the module, else dev
	Commit  string `json:"commit"`  // with "+changes" if the sources had changes that were not committed; "": unknown
	Go      string `json:"go"`
	System  string `json:"system"` // operating system and architecture
}

func readBuild() buildInfo {
	b := buildInfo{Version: stamped, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "(devel)" {
			b.Version = cmp.Or(b.Version, info.Main.Version)
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				b.Commit = s.Value + b.Commit
			case s.Key == "vcs.modified" && s.Value == "true":
				b.Commit += "+changes"
			}
		}
	}
	b.Version = cmp.Or(b.Version, "dev")
	return b
}

func (b buildInfo) String() string {
	return fmt.Sprintf("wheelhouse %s\ncommit %s\n%s %s\n", b.Version, cmp.Or(b.Commit, "unknown"), b.Go, b.System)
}

func (a *app) version() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version, the commit and the Go version", Args: cobra.NoArgs,
		Example: "  wheelhouse version",
		RunE: func(*cobra.Command, []string) error {
			if json {
				return report.JSON(a.out, built)
			}
			_, err := fmt.Fprint(a.out, built)
			return err
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	return cmd
}
