package extract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"wheelhouse/extract"
)

// TestRecordedAreTheAPIs checks that testdata has the bytes of the published recordings.
func TestRecordedAreTheAPIs(t *testing.T) {
	for name, want := range map[string]string{
		"company_content.json":             "00ff3fa52967f575999e266288e6bdba6fecb498931cf91e124d1e70b9a14824",
		"company_content.shares.json":      "c47bf3cbb5f6268ba4ba66b584af955faed4bb3decebc2846798a7d48f9bcc5c",
		"company_content.shares.slug.json": "1ad9c8dec308945ace4304961ccf63b2ccc3f3374a63dc49b518591a3e3d8265",
		"demo_info.json":                   "1da5c571d0855dd1758b631fcd582f3b3761784944938d99be9d945940e9b4d6",
		"demo_usage.json":                  "ba22b3f06dd1503c308c951c7ae13086ae80573a743f65b6695e8d1874a16909",
		"share_details.json":               "622aacf3b2d9bd83de9fad7bf77b90b212f067ec01cc9b30500c826dd235f5c1",
		"usage_new.1.json":                 "397cd5f2187abb6cd0ae91936b203872d02c86cc2fac9ff68d333abbfe32daa6",
		"usage_new.2.json":                 "05b3d98be9d5263c94f8076dfc471e87f6e0d6b27c0c90b76c165be4fb9cc43e",
		"usage_shares.1.json":              "20949b1042ebe13390393dab4ed8314a731523a6aa0201c60dec65b7dea6f69e",
		"usage_shares.2.json":              "75c27d63f65234516b9892bdd40a17f8d39407c68d0577e4ed157f5b01e39431",
		"user_access.json":                 "429140ccf1b0e8ca6a7518b0df6c6c22011f0cb565c95256ec37ed516e7a51e8",
	} {
		body, err := os.ReadFile(filepath.Join("testdata", name))
		if got := fmt.Sprintf("%x", sha256.Sum256(body)); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestUsageNewRecorded2020(t *testing.T) {
	out, rep, err := sessions(t, client(t, serve(t, always(recorded(t, "usage_new.1"))).URL), day)
	if err != nil {
		t.Fatal(err)
	}
	seconds := int64(0)
	for i, rec := range out.kept {
		s := rec.Value
		seconds += s.Duration.V
		if !s.Duration.Valid || !s.Start.Valid || !s.End.Valid || s.Email.V != "joi+admin@crankwheel.com" {
			t.Fatalf("%s: %+v", rec.Path(), s)
		}
		if s.Ended.Valid || s.HasLocations || s.Viewers.Valid || !s.MaxViewers.Valid || s.Problem != "" || s.Extra != nil {
			t.Fatalf("%s: the 2020 form has none of these: %+v", rec.Path(), s)
		}
		if rec.Path() != fmt.Sprintf("$.sessions[%d]", i) {
			t.Fatalf("path %s of record %d", rec.Path(), i)
		}
	}
	if len(out.kept) != 138 || seconds != 10333 {
		t.Errorf("%d sessions of %d s, want 138 of 10333", len(out.kept), seconds)
	}
	if rep.SourceCount.V != 138 || rep.SourceSeconds.V != 10333 || !rep.Reconciled.Valid || !rep.Reconciled.V {
		t.Errorf("report %+v", rep)
	}
	if rep.Attempts != 1 || !slices.Equal(rep.RequestIDs, []string{"req-1"}) {
		t.Errorf("report %+v", rep)
	}
}

func TestUsageNewRecorded2022(t *testing.T) {
	out := &batch[extract.Session]{}
	rep, err := client(t, serve(t, always(recorded(t, "usage_new.2"))).URL).UsageNew(t.Context(), day, unknown, out,
		func(rec extract.Record[extract.Session]) error {
			rec.Value.Locations = slices.Clone(rec.Value.Locations) // valid only until the callback returns
			rec.Value.Logs = slices.Clone(rec.Value.Logs)
			for i := range rec.Value.Logs {
				rec.Value.Logs[i].Raw = bytes.Clone(rec.Value.Logs[i].Raw)
			}
			return out.row(rec)
		})
	if err != nil {
		t.Fatal(err)
	}
	seconds, logs, recordings := int64(0), 0, []string{}
	for _, rec := range out.kept {
		s := rec.Value
		seconds, logs = seconds+s.Duration.V, logs+len(s.Logs)
		if s.Recording.Valid {
			recordings = append(recordings, s.Recording.V)
		}
		if !s.Ended.V || !s.HasLocations || !slices.Equal(s.Locations, []string{"*"}) || s.Viewers.V != 1 ||
			!s.RTCSeconds.Valid || !s.Webcam.Valid || s.Extra != nil {
			t.Errorf("%s: %+v", rec.Path(), s)
		}
		for _, l := range s.Logs {
			if !l.Date.Valid || !l.Type.Valid || !json.Valid(l.Raw) || l.Raw[0] != '{' || l.Raw[len(l.Raw)-1] != '}' {
				t.Errorf("%s: log %+v %s", rec.Path(), l, l.Raw)
			}
		}
	}
	if len(out.kept) != 4 || seconds != 122 || logs != 16 {
		t.Errorf("%d sessions of %d s with %d logs, want 4, 122, 16", len(out.kept), seconds, logs)
	}
	if !slices.Equal(recordings, []string{"https://joitest.crankwheel.com/ss/api/company_content/37"}) {
		t.Errorf("recordings %q", recordings)
	}
	if rep.SourceCount.V != 4 || rep.SourceSeconds.V != 122 || !rep.Reconciled.V {
		t.Errorf("report %+v", rep)
	}
}

func TestDemoUsageRecorded(t *testing.T) {
	out := &batch[extract.DemoRequest]{}
	c := client(t, serve(t, always(recorded(t, "demo_usage"))).URL)
	canceled, rep, err := c.DemoUsage(t.Context(), day, out, out.row)
	if err != nil || len(out.kept) != 2 || canceled.V != 2 || !canceled.Valid || rep.Reconciled.Valid {
		t.Fatalf("%d rows, canceled %+v, %+v, %v", len(out.kept), canceled, rep, err)
	}
	first, second := out.kept[0].Value, out.kept[1].Value
	if first.ID.V != 22599 || !first.Start.V.Equal(mustInstant(t, "2017-09-27T22:49:21.507365Z")) ||
		first.SecondsToRespond.V != 53 || !first.ScreenShared.V || len(first.Prospect) != 5 || first.Extra != nil {
		t.Errorf("%+v", first)
	}
	if second.SecondsToRespond != (extract.SecondsOrNever{}) || second.CallConfirmed != (extract.BoolOrNA{}) ||
		second.HandledBy.V != "none" || len(second.Prospect) != 8 {
		t.Errorf("%+v", second)
	}
}

func TestUsageSharesRecorded(t *testing.T) {
	for name, want := range map[string]int{"usage_shares.1": 2, "usage_shares.2": 3} {
		server := serve(t, always(recorded(t, name)))
		out := &batch[extract.ShareUsage]{}
		rep, err := client(t, server.URL).UsageShares(t.Context(), day, out, out.row)
		if err != nil || len(out.kept) != want || !rep.Reconciled.V || rep.SourceCount.V != 312+1226 {
			t.Errorf("%s: %d rows, %+v, %v", name, len(out.kept), rep, err)
		}
		if u := out.kept[1].Value; u.Email.V != "example2@crankwheel.com" || u.Name.V != "Example Twomund" ||
			u.Shares.V != 59 || u.Plays.V != 609 {
			t.Errorf("%s: %+v", name, u)
		}
		if all := server.queries("include_all_users"); all[0] != "true" {
			t.Errorf("include_all_users=%q", all)
		}
	}
}

func TestShareVisitsRecorded(t *testing.T) {
	const slug = "d6a55fc8-dac1-4b2c-8d6a-652d5804f88f"
	list, detail := recorded(t, "company_content.shares"), recorded(t, "company_content.shares.slug")
	server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ss/api/company_content/shares" {
			sendJSON(w, string(list))
			return
		}
		sendJSON(w, string(detail))
	})
	c := client(t, server.URL)
	listed, rep, err := shares(t, c)
	if err != nil || len(listed.kept) != 1 || listed.kept[0].Value.Slug.V != slug || !rep.Reconciled.V {
		t.Fatalf("%+v, %+v, %v", listed.kept, rep, err)
	}
	if s := listed.kept[0].Value; s.ContentID.V != 1038 || s.Visits.V != 1 || s.EngagementScore.V != 10 ||
		s.Segment.Valid || s.HasCTA.V || !s.HasCTA.Valid || s.Extra != nil {
		t.Errorf("%+v", s)
	}
	out, watched := &batch[extract.ShareVisit]{}, []extract.WatchedShare{}
	rep, err = c.ShareVisits(t.Context(), day, out, out.row, func(s extract.WatchedShare) error {
		watched = append(watched, s)
		return nil
	})
	if err != nil || len(out.kept) != 1 || out.log != "BrC" || len(watched) != 1 || rep.Reconciled.Valid {
		t.Fatalf("%s %+v %+v %+v %v", out.log, out.kept, watched, rep, err)
	}
	if v := out.kept[0].Value; v.Slug != slug || v.ID.V != "a34301e3a7448887" || v.Played.V ||
		!v.VisitedAt.V.Equal(mustInstant(t, "2026-03-27T15:12:05Z")) || !v.WatchTime.Valid {
		t.Errorf("%+v", v)
	}
	if w := watched[0]; w.Slug.V != slug || w.RuntimeMS.V != 1606 || w.Deleted {
		t.Errorf("%+v", w)
	}
	if last := server.asked()[2]; last.URL.Path != "/ss/api/company_content/shares/"+slug {
		t.Errorf("asked for %s", last.URL.Path)
	}
}

func TestShareDetailsRecorded(t *testing.T) {
	out := &batch[extract.ShareDetail]{}
	_, err := client(t, serve(t, always(recorded(t, "share_details"))).URL).ShareDetails(t.Context(), day, out, out.row)
	if err != nil || len(out.kept) != 5 {
		t.Fatalf("%d rows, %v", len(out.kept), err)
	}
	accounts := 0
	for _, rec := range out.kept {
		s := rec.Value
		if s.CustomerAccountID.Valid {
			accounts++
		}
		if !s.ID.Valid || !s.CreatedAt.Valid || !s.ContentRecordedAt.Valid || !s.ContentRuntime.Valid || s.Extra != nil ||
			s.VideoURL.V != "https://meeting.is/ss/share/"+s.ID.V {
			t.Errorf("%+v", s)
		}
	}
	if accounts != 2 {
		t.Errorf("%d CRM accounts, want 2", accounts)
	}
}

func TestUserAccessRecorded(t *testing.T) {
	out, rep, err := users(t, client(t, serve(t, always(recorded(t, "user_access"))).URL))
	if err != nil || len(out.kept) != 3 || out.log != "BrrrC" || rep.SourceCount.Valid {
		t.Fatalf("%s %+v %v", out.log, rep, err)
	}
	if owner, admin := out.kept[0].Value, out.kept[1].Value; owner.InDemoPool.Valid || owner.Privilege.V != "owner" ||
		!admin.InDemoPool.V || out.kept[2].Path() != "$[2]" {
		t.Errorf("%+v %+v", owner, admin)
	}
}

func TestCompanyContentRecorded(t *testing.T) {
	library := recorded(t, "company_content")
	server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("view") == "active" {
			sendJSON(w, string(library))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `[{"id":9}]`)
	})
	out := &batch[extract.Content]{}
	_, err := client(t, server.URL).CompanyContent(t.Context(), day, out, out.row)
	if err != nil || len(out.kept) != 11 {
		t.Fatalf("%d rows, %v", len(out.kept), err)
	}
	events := 0
	for _, rec := range out.kept[:10] {
		events += len(rec.Value.Events)
		if !rec.Value.ID.Valid || rec.Value.View != "active" || rec.Value.Extra != nil || rec.Value.Problem != "" {
			t.Errorf("%+v", rec.Value)
		}
	}
	if last := out.kept[10].Value; last.ID.V != 9 || last.View != "soft_deleted" || events != wantEvents(t, library) {
		t.Errorf("%+v, %d events", last, events)
	}
}

// wantEvents counts the events of a recorded answer with encoding/json.
func wantEvents(t *testing.T, library []byte) int {
	var all []struct{ Events []json.RawMessage }
	if err := json.Unmarshal(library, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range all {
		n += len(c.Events)
	}
	if n == 0 {
		t.Fatal("the recording has no events")
	}
	return n
}
