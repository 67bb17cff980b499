package transform_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestOriginChannel(t *testing.T) {
	const mail, site = `"email_campaign"`, `"website"`
	for origin, want := range map[string]string{
		"https://meeting.is/ss/showu/ACME":              mail,
		"https://meeting.is/ss/showu/ACME?utm_source=x": mail,
		"https://meeting.is/ss/showu/ACME/":             mail,
		"https://meeting.is/ss/showu/ACME#top":          mail,
		"https://meeting.is:8443/ss/showu/ACME&a=b":     mail,
		"http://demo.acme.com/ss/showu/ACME":            mail,
		"meeting.is/ss/showu/ACME":                      mail,
		" https://meeting.is/ss/showu/ACME ":            mail,
		"https://meeting.is/ss/showu/":                  site,
		"https://meeting.is/ss/showu":                   site,
		"https://meeting.is/ss/showu?x=1":               site,
		"https://meeting.is/ss/showu/ACME/more":         site,
		"https://acme.com/page?from=/ss/showu/ACME":     site,
		"https://acme.com/#/ss/showu/ACME":              site,
		"https://acme.com/blog/ss/showu/ACME":           site,
		"acme.com?next=https://meeting.is/ss/showu/A":   site,
		"crankwheel.com/":                               site,
		"crankwheel.com":                                site,
		"none":                                          site,
		"":                                              "NULL",
		"  ":                                            "NULL",
	} {
		check(t, []rule{{"demo", fmt.Sprintf(`"prospect_info":{"prospect-request-origin":%q}`, origin), ".OriginChannel = " + want}})
	}
	check(t, []rule{{"demo", `"prospect_info":{"prospect-request-origin":" https://A.com/B "}`, `.RequestOrigin = "https://A.com/B"`}})
}

// TestProspectsAnswersAreAsTyped: only white space is removed. "none" may be an answer.
func TestProspectsAnswersAreAsTyped(t *testing.T) {
	info := func(s string) string { return `"prospect_info":{` + s + `}` }
	check(t, []rule{
		{"demo", info(`"prospect-company":"none","prospect-name":" N/A ","prospect-email":" Jane@X.is","prospect-phone":5812345`),
			".Prospect.Company = \"none\"\n.Prospect.Name = \"N/A\"\n.Prospect.Email = \"Jane@X.is\"\n.Prospect.Phone = \"5812345\""},
		{"demo", info(`"prospect-job-title":"","prospect-website":" \t","prospect-location":null`),
			".Prospect.JobTitle = NULL\n.Prospect.Website = NULL\n.Prospect.Location = NULL"},
		{"demo", info(`"prospect-utm-source":"s","prospect-utm-medium":"m","prospect-utm-campaign":"c","prospect-utm-term":"t","prospect-utm-content":"o"`),
			".UTM.Source = \"s\"\n.UTM.Medium = \"m\"\n.UTM.Campaign = \"c\"\n.UTM.Term = \"t\"\n.UTM.Content = \"o\""},
		{"demo", info(`"prospect-shoesize":" 42 "`), ".Answers[0].Question = \"shoesize\"\n.Answers[0].Answer = \"42\""},
		{"demo", info(`"prospect-shoesize":42`), `.Answers[0].Answer = "42"`},
		{"demo", info(`"prospect-shoesize":""`), `.Answers[0].Answer = NULL`},
		{"demo", info(`"prospect-shoesize":null`), `.Answers[0].Answer = NULL`},
		{"demo", info(`"prospect-shoesize":"never"`), `.Answers[0].Answer = "never"`},
		{"demo", info(`"prospect-ok":true`), `.Answers[0].Answer = "true"`},
		{"demo", info(`"prospect-pick":[ "b", {"z":1,"a":2} ]`), `.Answers[0].Answer = "[\"b\", {\"a\": 2, \"z\": 1}]"`},
		{"demo", info(`"prospect-name":{}`), "reject $.sessions[0] prospect_info.prospect-name: an object where a text belongs"},
		{"demo", info(`"prospect-` + strings.Repeat("q", 512) + `":"x"`), `.Answers[0].Answer = "x"`},
		{"demo", info(`"prospect-` + strings.Repeat("q", 513) + `":"x","prospect-` + strings.Repeat("r", 600) + `":"y","prospect-a":"b"`),
			"reject $.sessions[0].prospect_info a question longer than 512 bytes\n.Answers[0].Question = \"a\"\n.DemoID = 7"},
	})
	if got := streams["demo"](t, info(`"prospect-`+strings.Repeat("q", 513)+`":"x","prospect-`+strings.Repeat("r", 600)+`":"y"`)); strings.Count(got, "reject") != 1 {
		t.Error("a record with two long questions became more than one reject")
	}
}

// TestManyQuestions: the time for a record grows no faster than its number of questions.
func TestManyQuestions(t *testing.T) {
	var b strings.Builder
	const many = 200_000
	for i := range many {
		fmt.Fprintf(&b, `%c"prospect-%d":"x"`, "{,"[min(i, 1)], i)
	}
	if r := only(t, demoRows, demo(`"prospect_info":`+b.String()+`}`)); len(r.Row.Answers) != many {
		t.Errorf("%d answers", len(r.Row.Answers))
	}
}
