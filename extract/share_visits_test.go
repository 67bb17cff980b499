package extract_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// visits asks for the visits of the shares in list. detail answers the request for one slug.
func visits(t *testing.T, list string, detail func(w http.ResponseWriter, slug string)) (*batch[extract.ShareVisit], []extract.WatchedShare, *api, error) {
	t.Helper()
	out, watched, _, server, err := visitsReport(t, list, detail)
	return out, watched, server, err
}

// visitsReport is visits, and returns the report too.
func visitsReport(t *testing.T, list string, detail func(w http.ResponseWriter, slug string)) (*batch[extract.ShareVisit], []extract.WatchedShare, extract.Report, *api, error) {
	t.Helper()
	server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		slug, found := strings.CutPrefix(r.URL.Path, "/ss/api/company_content/shares/")
		if !found {
			sendJSON(w, list)
			return
		}
		detail(w, slug)
	})
	out, watched := &batch[extract.ShareVisit]{}, []extract.WatchedShare{}
	rep, err := client(t, server.URL).ShareVisits(t.Context(), day, out, out.row, func(s extract.WatchedShare) error {
		watched = append(watched, s)
		return nil
	})
	return out, watched, rep, server, err
}

func TestADeletedShare(t *testing.T) {
	list := `{"data":[{"slug":"a","visits":1},{"slug":"deleted","visits":2},{"slug":"b","plays":1},{"slug":"quiet","visits":0}],"pagination":{"total":4}}`
	out, watched, server, err := visits(t, list, func(w http.ResponseWriter, slug string) {
		if slug == "deleted" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		sendJSON(w, `{"content_runtime_ms":5,"sessions":[{"visit_id":"1"},{"visit_id":"2"}]}`)
	})
	if err != nil || out.log != "BrrCBCBrrC" || len(watched) != 3 {
		t.Fatalf("%s %+v %v", out.log, watched, err)
	}
	for i, slug := range []string{"a", "deleted", "b"} {
		if w := watched[i]; w.Slug.V != slug || w.Deleted != (slug == "deleted") || w.RuntimeMS.Valid == w.Deleted {
			t.Errorf("%+v", w)
		}
	}
	if n := len(server.asked()); n != 4 {
		t.Errorf("%d requests: a share without visits was asked for", n)
	}
	if out.kept[3].Value.Slug != "b" {
		t.Errorf("%+v", out.kept[3].Value)
	}
	for _, r := range server.asked() {
		if w := windowOf(t, r); w != day {
			t.Errorf("asked for %+v", w)
		}
	}
}

// TestOnly404MeansDeleted: any other status fails the window.
func TestOnly404MeansDeleted(t *testing.T) {
	for _, status := range []int{403, 410, 500, 302} {
		out, watched, _, err := visits(t, `{"data":[{"slug":"a","visits":1}],"pagination":{"total":1}}`, func(w http.ResponseWriter, _ string) { w.WriteHeader(status) })
		var api *extract.APIError
		if !errors.As(err, &api) || api.Status != status || strings.Contains(out.log, "C") || len(watched) != 0 {
			t.Errorf("%d: %s %+v %v", status, out.log, watched, err)
		}
	}
}

func TestSlugsInAddresses(t *testing.T) {
	list := `{"data":[{"slug":"../user_access","visits":1},{"slug":"..","visits":1},{"slug":"a?b","visits":1},{"slug":"a%2Fb","visits":1},` +
		`{"slug":"é b;c&d","visits":1},{"slug":"","visits":1},{"slug":7,"visits":1},{"visits":3},null],"pagination":{"total":9}}`
	var asked []string
	_, watched, _, err := visits(t, list, func(w http.ResponseWriter, slug string) {
		asked = append(asked, slug)
		sendJSON(w, `{"sessions":[]}`)
	})
	if err != nil || strings.Join(asked, "|") != "a?b|a%2Fb|é b;c&d|7" {
		t.Errorf("%q %v", asked, err)
	}
	var unasked []string
	for _, s := range watched {
		if s.Unasked {
			unasked = append(unasked, s.Slug.V)
		}
	}
	if len(watched) != 6 || strings.Join(unasked, "|") != "../user_access|.." {
		t.Errorf("%d watched, not asked for: %q", len(watched), unasked)
	}
}

// TestARetriedDetail: the fields and rows of the attempt that failed are void.
func TestARetriedDetail(t *testing.T) {
	n := 0
	out, watched, _, err := visits(t, `{"data":[{"slug":"a","visits":1}],"pagination":{"total":1}}`, func(w http.ResponseWriter, _ string) {
		if n++; n == 1 {
			sendJSON(w, `{"content_runtime_ms":5,"sessions":[{"visit_id":"1"}`)
			return
		}
		sendJSON(w, `{"sessions":[{"visit_id":"2"}]}`)
	})
	if err != nil || out.log != "BrBrC" || out.kept[0].Value.ID.V != "2" || watched[0].RuntimeMS.Valid {
		t.Errorf("%s %+v %v", out.log, watched, err)
	}
}

// TestASlugIsNotInTheErrorOfALostConnection: a slug opens its share, and errors go to the log and the ledger.
func TestASlugIsNotInTheErrorOfALostConnection(t *testing.T) {
	_, _, _, err := visits(t, `{"data":[{"slug":"canary","visits":1}],"pagination":{"total":1}}`, func(http.ResponseWriter, string) {
		panic(http.ErrAbortHandler)
	})
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "/ss/api/company_content/shares/…") {
		t.Error(err)
	}
}
