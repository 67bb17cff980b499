package transform

import (
	"database/sql"
	"net/url"
	"path"
	"testing"
)

// mustBeTheURLs compares contentIDOf with the id that package net/url finds.
func mustBeTheURLs(t *testing.T, recording string) {
	want := sql.Null[int64]{}
	if u, err := url.Parse(recording); err == nil {
		want = contentID(path.Base(u.Path))
	}
	if got := contentIDOf(some(recording)); got != want {
		t.Errorf("%q: %+v, want %+v", recording, got, want)
	}
}

var recordings = []string{
	"https://acme.crankwheel.com/ss/api/company_content/37", "https://x/37", "https://x/37/", "https://x//37", "https:///37", "https://37", "https://", "https:///",
	"https:37", "http://x/37", "HTTPS://x/37", "https://X/37", "https://x/%337", "https://x/37?y=/38", "https://x/37#/38", "https://x/a/../37", "https://x/37/..", "https://x/.",
	"https://x:80/37", "https://x:y/37", "https://[::1]/37", "https://[/37", "https://u@x/37", "https://x/-37", "https://x/+37", "https://x/037", "https://-/37", "https://_/37",
	"https://x /37", "https://x/3 7", "https://x/37\n", "https://x/99999999999999999999", "37", "/37", "", ":", "https://x/3\u06637", "https://x/37;a=1", "https://x\\37",
}

func TestTheFastPathGivesTheSameContentID(t *testing.T) {
	for _, r := range recordings {
		mustBeTheURLs(t, r)
		for c := range 256 {
			mustBeTheURLs(t, r+string([]byte{byte(c)}))
			mustBeTheURLs(t, r+string([]byte{byte(c)})+"/5")
		}
	}
}

func FuzzContentID(f *testing.F) {
	for _, r := range recordings {
		f.Add(r)
	}
	f.Fuzz(mustBeTheURLs)
}
