//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestCountOfEvents(t *testing.T) {
	const events = `{"Action":"start","Package":"a"}
{"Action":"output","Package":"a","Test":"TestBad/sub","Output":"why it failed\n"}
{"Action":"fail","Package":"a","Test":"TestBad/sub"}
{"Action":"fail","Package":"a","Test":"TestBad"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"not shown\n"}
{"Action":"pass","Package":"a","Test":"TestGood"}
{"Action":"skip","Package":"a","Test":"TestSkipped"}
{"Action":"fail","Package":"a"}
{"ImportPath":"b","Action":"build-output","Output":"does not compile\n"}
{"ImportPath":"b","Action":"build-fail"}
{"Action":"start","Package":"b"}
{"Action":"fail","Package":"b","FailedBuild":"b"}
{"Action":"skip","Package":"without tests"}
{"Action":"pass","Package":"c"}
{"Action":"output","Package":"d","Test":"TestThatHangs","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"d"}
`
	var r row
	var shown strings.Builder
	if err := r.count(strings.NewReader(events), "18.4", &shown); err != nil {
		t.Fatal(err)
	}
	if want := (row{Packages: 4, Tests: 2, Skipped: 1, Failed: 3}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	for text, want := range map[string]bool{"why it failed": true, "does not compile": true, "test timed out": true, "PostgreSQL 18.4, a TestBad\n": true, "not shown": false} {
		if strings.Contains(shown.String(), text) != want {
			t.Errorf("%q: want %t in\n%s", text, want, shown.String())
		}
	}
}

func TestCommandLine(t *testing.T) {
	o, err := parse([]string{"-versions", "18,15", "-others", "--", "-short", "./load"}, t.Output())
	if err != nil || !slices.Equal(o.majors, []int{18, 15}) || !o.others || !slices.Equal(o.args, []string{"-short", "./load"}) {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := parse(nil, t.Output()); err != nil || !slices.Equal(o.majors, []int{14, 15, 16, 17, 18}) || o.others {
		t.Errorf("%+v %v", o, err)
	}
	for _, wrong := range []string{"13", "x", "15,"} {
		if _, err := parse([]string{"-versions", wrong}, t.Output()); err == nil {
			t.Errorf("-versions %s was accepted", wrong)
		}
	}
}

// The packages with tests that start a server are found, and no others.
func TestPackagesThatNeedAServer(t *testing.T) {
	t.Chdir("../../..")
	packages, err := needServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"load": true, "migrations": true, "internal/web": true, "internal/pipeline": true, "extract": false, "transform": false} {
		if slices.Contains(packages, "wheelhouse/"+name) != want {
			t.Errorf("%s: want %t in %q", name, want, packages)
		}
	}
}
