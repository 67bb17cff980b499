package extract_test

import (
	"fmt"
	"testing"
	"time"

	"wheelhouse/extract"
)

func TestParseInstant(t *testing.T) {
	const none, outside, text = "none", "a time outside the years 1970 to 9999", "text that is not a time"
	for in, want := range map[string]string{
		// Forms that were recorded.
		"2017-09-27T22:49:21.507365":  "2017-09-27T22:49:21.507365Z",
		"2020-09-25T15:25:08.000000Z": "2020-09-25T15:25:08Z",
		"2022-03-24T07:51:07Z":        "2022-03-24T07:51:07Z",
		// Digits of the fraction.
		"2024-03-01T10:00:00.1Z":         "2024-03-01T10:00:00.1Z",
		"2024-03-01T10:00:00.123":        "2024-03-01T10:00:00.123Z",
		"2024-03-01T10:00:00.123456789Z": "2024-03-01T10:00:00.123456Z",
		"2024-03-01T10:00:00.9999999":    "2024-03-01T10:00:00.999999Z",
		// Zones.
		"2024-03-01T10:00:00+02:00":     "2024-03-01T08:00:00Z",
		"2024-03-01T10:00:00.5-0330":    "2024-03-01T13:30:00.5Z",
		"2024-03-01T10:00:00+02":        "2024-03-01T08:00:00Z",
		"2024-03-01 10:00:00":           "2024-03-01T10:00:00Z",
		"2024-03-01 10:00:00.25 UTC":    "2024-03-01T10:00:00.25Z",
		"2024-03-01 10:00:00+00:00":     "2024-03-01T10:00:00Z",
		" 2024-03-01T10:00:00Z\n":       "2024-03-01T10:00:00Z",
		"2024-02-29T23:59:59Z":          "2024-02-29T23:59:59Z",
		"1970-01-01T00:00:00Z":          "1970-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":   "9999-12-31T23:59:59.999999Z",
		"9999-12-31T23:59:59-01:00":     outside,
		"1970-01-01T00:00:00+01:00":     outside,
		"1969-12-31T23:59:59.99999999Z": outside,
		"0001-01-01T00:00:00Z":          outside,
		"0000-01-01T00:00:00Z":          outside,
		// No times.
		"": none, "never": none, "N/A": none, "none": none, " null ": none,
		"2023-02-29T10:00:00Z": text, "2024-13-01T10:00:00Z": text, "2024-03-01T24:00:00Z": text, "2024-03-01T10:00:60Z": text,
		"2024-03-01": text, "10:00": text, "now": text, "infinity": text, "epoch": text, "1709287200": text, "01/03/2024 10:00": text,
		"2024-03-01T10:00:00Z junk": text, "10000-01-01T00:00:00Z": text, "-2024-03-01T10:00:00Z": text, "2024-03-01T10:00:00.Z": text,
	} {
		f := extract.ParseInstant(in)
		got := none
		switch {
		case f.Problem != "":
			got = f.Problem
		case f.Valid:
			got = f.V.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// TestTheFastPathGivesTheSameInstant puts every byte at every place of the recorded forms, and tries every day of a month.
func TestTheFastPathGivesTheSameInstant(t *testing.T) {
	same := func(s string) {
		if got, want := extract.ParseInstant(s), extract.AnyInstant(s); got != want {
			t.Errorf("%q: %+v, want %+v", s, got, want)
		}
	}
	for _, form := range []string{"2017-09-27T22:49:21.507365", "2020-09-25T15:25:08.000000Z", "2022-03-24T07:51:07Z", "2022-03-24T07:51:07"} {
		for at := range len(form) + 1 {
			same(form[:at])
			same(form[:at] + " " + form[at:])
			for c := range 256 {
				b := []byte(form)
				if at < len(form) {
					b[at] = byte(c)
				} else {
					b = append(b, byte(c))
				}
				same(string(b))
			}
		}
	}
	for _, year := range []int{1969, 1970, 1900, 2000, 2023, 2024, 2100, 9999} {
		for month := range 14 {
			for day := range 33 {
				same(fmt.Sprintf("%04d-%02d-%02dT23:59:59.999999Z", year, month, day))
			}
		}
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2017-09-27T22:49:21.507365", "2024-03-01T10:00:00+02:00", "9999-12-31T23:59:59-01:00", "n/a", "2024-03-01 10:00:00 UTC"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := extract.ParseInstant(s)
		if want := extract.AnyInstant(s); at != want {
			t.Fatalf("%q: %+v, want %+v", s, at, want)
		}
		if at.Valid && at.Problem != "" || !at.Valid && !at.V.IsZero() {
			t.Fatalf("%q: %+v", s, at)
		}
		if !at.Valid {
			return
		}
		v := at.V
		if v.Location() != time.UTC || v.Year() < 1970 || v.Year() > 9999 || v.Nanosecond()%1000 != 0 {
			t.Fatalf("%q: %s", s, v)
		}
		if again := extract.ParseInstant(v.Format(time.RFC3339Nano)); !again.Valid || !again.V.Equal(v) {
			t.Fatalf("%q: %s comes back as %+v", s, v, again)
		}
	})
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"", "7", "-1", "99999999999999999999", "Fri, 01 Mar 2024 10:00:09 GMT", "soon", "26.0", "1.5", "26s", "26, 27",
		"5, Fri, 01 Mar 2024 10:00:09 GMT"} {
		f.Add(s, int64(1709287200))
	}
	f.Fuzz(func(t *testing.T, h string, unix int64) {
		now := time.Unix(unix%(1<<40), 0)
		d, ok := extract.ParseRetryAfter(h, now)
		if d < 0 || d > 5*time.Minute || !ok && d != 0 {
			t.Fatalf("%q: %s %v", h, d, ok)
		}
		// One value more never makes the wait shorter, and a number counts with or without a fraction and its unit.
		for more, least := range map[string]time.Duration{"17": 17 * time.Second, "17.0": 17 * time.Second, "16.001s": 17 * time.Second, "soon": d} {
			if joined, is := extract.ParseRetryAfter(h+", "+more, now); joined != max(d, least) || is != (ok || more != "soon") {
				t.Fatalf("%q and %s: %s %v, want %s", h, more, joined, is, max(d, least))
			}
		}
	})
}
