package simulator

import (
	"fmt"
	"net/url"
	"strings"
)

// showu is the account's own page on CrankWheel, to which the link of an e-mail campaign leads.
const showu = "https://meeting.is/ss/showu/ACME"

// prospect fills in the lead-capture form: the fixed keys, the default questions (often left empty, sometimes not asked)
// and the account's own ones.
func (w *workday) prospect(d dice, c *campaign) []Answer {
	info := make([]Answer, 0, 14)
	add := func(key, value string) { info = append(info, Answer{"prospect-" + key, value}) }
	if c != nil && c.mail {
		add("request-origin", mailOrigin(d, c))
	} else if d.yes(.98) {
		add("request-origin", pick(d, origins))
	}
	add("phone", phone(d))
	first, last := pick(d, firstNames), pick(d, lastNames)
	company := pick(d, companies)
	if !d.yes(.1) { // the rest fill in an old form that asks for the phone number only
		maybe := func(key string, filled float64, value string) {
			if !d.yes(filled) {
				value = ""
			}
			add(key, value)
		}
		maybe("name", .9, first+" "+last)
		maybe("email", .8, strings.ToLower(ascii(first)+"."+ascii(last))+"@"+pick(d, []string{"example.com", "example.org",
			"prospect.example"}))
		maybe("company", .6, company)
		maybe("job-title", .35, pick(d, jobTitles))
		if d.yes(.7) {
			maybe("website", .5, "https://"+pick(d, []string{"www.", ""})+"prospect.example/")
		}
	}
	add("location", pick(d, cities))
	if c != nil {
		add("utm-source", c.source)
		add("utm-medium", c.medium)
		add("utm-campaign", c.name)
		if c.term != "" {
			add("utm-term", c.term)
		}
		if c.content != "" || d.yes(.2) {
			add("utm-content", c.content)
		}
	} else if d.yes(.08) {
		add("utm-source", pick(d, []string{"g2", "capterra", "chatgpt.com"}))
	}
	w.ownQuestions(d, add)
	return info
}

// ownQuestions answers the questions that this account defines: one from the start, two added later.
func (w *workday) ownQuestions(d dice, add func(key, value string)) {
	if d.yes(.3) {
		add("shoesize", pick(d, []string{"", "36", "38½", "41", "44", "46"}))
	}
	if w.day >= 45 && d.yes(.7) {
		add("team-size", pick(d, []string{"1", "2-10", "2-10", "11-50", "51-200", "201+", ""}))
	}
	if w.day >= 110 && d.yes(.4) {
		add("current_tool", pick(d, []string{"phone only", "Zoom\nand Teams", "\"none\"", "", "we don't – yet"}))
	}
}

func mailOrigin(d dice, c *campaign) string {
	switch d.IntN(4) {
	case 0:
		return showu
	case 1:
		return showu + "?hl=en&utm_source=" + url.QueryEscape(c.source)
	}
	return showu + "?utm_source=" + url.QueryEscape(c.source) + "&utm_medium=" + c.medium + "&utm_campaign=" +
		url.QueryEscape(c.name)
}

func phone(d dice) string {
	switch d.IntN(5) {
	case 0:
		return fmt.Sprintf("+44 20 7946 0%03d", d.IntN(1000))
	case 1:
		return fmt.Sprintf("(212) 555-01%02d", d.IntN(100))
	case 2:
		return fmt.Sprintf("+1 303 555 01%02d", d.IntN(100))
	case 3:
		return fmt.Sprintf("+35455501%02d", d.IntN(100))
	}
	return fmt.Sprintf("+49 30 23125 %03d", d.IntN(1000))
}
