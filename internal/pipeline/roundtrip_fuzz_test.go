package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"wheelhouse/internal/stream"
)

// unusualJSON are values for any member.
var unusualJSON = []string{
	`null`, `true`, `"false"`, `0`, `-0`, `-0.0`, `1`, `53.0`, `"53"`, `-1`, `0.1`, `1e2`, `1e-7`, `2147483647`, `2147483648`, `9007199254740993`,
	`9223372036854775807`, `9223372036854775808`, `5e-324`, `1.7976931348623157e308`, `1e400`, `1e99999`, `-1e-99999`, `""`, `" "`, `"never"`, `"n/a"`, `"none"`,
	`"\u0000"`, `"a\u0000b"`, `"\\u0000"`, `{"\\u0000":"\\\u0000"}`, `"\ud800"`, `"\ud83d\ude00"`, "\"\xff\xfe\"", "\"\xed\xa0\x80\"", `"\u2028\u0001\u007f"`, `"{\"a\":\"b\\\\\"}"`, `"2026-03-10T09:00:00"`,
	`"2026-03-10T09:00:00.999999999+14:00"`, `"1970-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999Z"`, `"0001-01-01T00:00:00Z"`, `"2026-02-30T00:00:00Z"`,
	`"infinity"`, `"00:00:01"`, `[]`, `{}`, `[[],{},null,"\u0000"]`, `{"":1,"\u0000":2,"a":{"a":1,"a":2}}`, `{"n":1e999,"m":123456789012345678901234567890.5e-20}`,
	`"` + strings.Repeat("é", 400) + `"`,
}

// unusualKeys are values for keys of rows.
var unusualKeys = []string{`-7`, `"53"`, `9223372036854775807`, `true`, `"\ud83d\ude00"`, `" A\u0000B "`, `"\ud800"`, `"` + strings.Repeat("é", 200) + `"`, `{}`, `null`}

// Every accepted record comes back from Postgres equal, with any value in any member.
func TestWhatIsAcceptedComesBackEqual(t *testing.T) {
	t.Parallel()
	for _, name := range stream.Names() {
		if _, found := trips[name]; !found {
			t.Errorf("add %s to trips", name)
		}
	}
	for name, to := range trips {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newTraveller(t)
			var members map[string]json.RawMessage
			if err := json.Unmarshal([]byte(to.record), &members); err != nil {
				t.Fatal(err)
			}
			rows := 0
			for changed := range members {
				var records []string
				for i, unusual := range unusualJSON {
					parts := []string{fmt.Sprintf(to.fixed, i+1)}
					for member, value := range members {
						if member == changed {
							value = json.RawMessage(unusual)
						}
						parts = append(parts, fmt.Sprintf("%q:%s", member, value))
					}
					records = append(records, "{"+strings.Join(parts, ",")+"}")
				}
				rows += v.goes(t, to, strings.Join(records, ","))
			}
			var records []string
			for _, unusual := range unusualKeys {
				records = append(records, fmt.Sprintf("{%q:%s,%s", strings.Split(to.fixed, `"`)[1], unusual, to.record[1:]))
			}
			if known := v.goes(t, to, strings.Join(records, ",")); known < 3 {
				t.Errorf("only %d of the unusual keys were accepted", known)
			}
			if rows < len(members)*len(unusualJSON)/4 {
				t.Errorf("only %d rows were accepted", rows)
			}
		})
	}
}

// fuzzTrip sends any bytes.
func fuzzTrip(f *testing.F, stream string) {
	to := trips[stream]
	whole := "{" + fmt.Sprintf(to.fixed, 1) + "," + to.record[1:]
	for _, seed := range []string{whole, whole + "," + whole, `{}`, `null,"x",7`, `{}x`, `{"a\u0000":"\ud800","a":[{"b":1e999,"b":null}],` + whole[1:]} {
		f.Add([]byte(seed))
	}
	v := newTraveller(f)
	f.Fuzz(func(t *testing.T, records []byte) { v.goes(t, to, string(records)) })
}

func FuzzRoundTripDemoUsage(f *testing.F)      { fuzzTrip(f, "demo_usage") }
func FuzzRoundTripUsageNew(f *testing.F)       { fuzzTrip(f, "usage_new") }
func FuzzRoundTripUsageShares(f *testing.F)    { fuzzTrip(f, "usage_shares") }
func FuzzRoundTripShares(f *testing.F)         { fuzzTrip(f, "shares") }
func FuzzRoundTripShareVisits(f *testing.F)    { fuzzTrip(f, "share_visits") }
func FuzzRoundTripShareDetails(f *testing.F)   { fuzzTrip(f, "share_details") }
func FuzzRoundTripUserAccess(f *testing.F)     { fuzzTrip(f, "user_access") }
func FuzzRoundTripCompanyContent(f *testing.F) { fuzzTrip(f, "company_content") }
