package web

import (
	"strings"
	"testing"
	"time"
)

func TestLoadingText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		loading Loading
		want    string
	}{
		{Loading{}, ""},
		{Loading{Windows: 30, Done: 2, Left: time.Minute}, ""}, // a night
		{Loading{Windows: 2958, Done: 2958}, ""},
		{Loading{Windows: 2958, Done: 3}, "0 % of 2\u202f958 windows are done. "},
		{Loading{Windows: 200, Done: 24, Left: 3 * time.Hour}, "12 % of 200 windows are done, about 3 hours left. "},
	} {
		if got := c.loading.text(); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: %q, want %q", c.loading, got, c.want)
		}
	}
}
