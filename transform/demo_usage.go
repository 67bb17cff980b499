package transform

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"wheelhouse/extract"
)

// DemoRequest is a row of crankwheel.demo_requests with its answers.
type DemoRequest struct {
	DemoID             int64
	StartedAt          time.Time
	LastEventAt        sql.Null[time.Time]
	AvailabilityBucket sql.Null[string]
	Answered           bool
	SecondsToRespond   sql.Null[int32]
	HandledBy          sql.Null[string]
	CallConfirmed      sql.Null[bool]
	ScreenShared       sql.Null[bool]
	AcceptedFrom       sql.Null[string]
	Prospect           Prospect
	RequestOrigin      sql.Null[string]
	OriginChannel      sql.Null[string]
	UTM                UTM
	Extra              []byte
	Answers            []DemoAnswer // in the order of their questions
}

// Prospect is what a prospect told of themselves.
type Prospect struct{ Name, Email, Phone, Company, JobTitle, Website, Location sql.Null[string] }

// UTM is the campaign that brought a prospect.
type UTM struct{ Source, Medium, Campaign, Term, Content sql.Null[string] }

// DemoAnswer is a row of crankwheel.demo_answers: a question of the account's own making.
type DemoAnswer struct {
	Question string
	Answer   sql.Null[string]
}

// DemoUsage normalises a demo request. ok is false where it is set aside whole.
func DemoUsage(rec extract.Record[extract.DemoRequest]) (row DemoRequest, ok bool, rejects []Reject) {
	d, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = DemoRequest{
		DemoID:             r.id("id", d.ID),
		StartedAt:          r.moment("start_ts", d.Start),
		LastEventAt:        r.instant("last_event_ts", d.LastEvent),
		AvailabilityBucket: r.word("availability_bucket", d.AvailabilityBucket),
		SecondsToRespond:   r.count("seconds_to_respond", d.SecondsToRespond),
		HandledBy:          r.agent("handled_by", d.HandledBy),
		CallConfirmed:      r.boolean("call_confirmed", d.CallConfirmed),
		ScreenShared:       r.boolean("screenshared", d.ScreenShared),
		AcceptedFrom:       r.word("accepted_from", d.AcceptedFrom),
	}
	row.Answered = row.SecondsToRespond.Valid
	r.note("record", d.Problem)
	for _, a := range d.Prospect {
		if column := row.column(a.Question); column != nil {
			*column = r.typed("prospect_info.prospect-"+a.Question, a.Text)
			continue
		}
		if len(a.Question) > maxKey {
			if rejects == nil { // one for all of them: it holds the whole record
				rejects = []Reject{reject(rec.Path()+".prospect_info", "a question longer than 512 bytes", rec.Raw)}
			}
			continue
		}
		row.Answers = append(row.Answers, answer(&r, a))
	}
	if r.why != "" {
		return row, false, aside(rec.Path(), r.why, rec.Raw, idText(d.ID))
	}
	slices.SortFunc(row.Answers, func(a, b DemoAnswer) int { return strings.Compare(a.Question, b.Question) })
	row.OriginChannel = channel(row.RequestOrigin)
	row.Extra = r.extra(d.Extra)
	return row, true, rejects
}

// column is where a question with a column of its own goes.
func (d *DemoRequest) column(question string) *sql.Null[string] {
	switch question {
	case "name":
		return &d.Prospect.Name
	case "email":
		return &d.Prospect.Email
	case "phone":
		return &d.Prospect.Phone
	case "company":
		return &d.Prospect.Company
	case "job-title":
		return &d.Prospect.JobTitle
	case "website":
		return &d.Prospect.Website
	case "location":
		return &d.Prospect.Location
	case "request-origin":
		return &d.RequestOrigin
	case "utm-source":
		return &d.UTM.Source
	case "utm-medium":
		return &d.UTM.Medium
	case "utm-campaign":
		return &d.UTM.Campaign
	case "utm-term":
		return &d.UTM.Term
	case "utm-content":
		return &d.UTM.Content
	}
	return nil
}

// answer keeps an answer as typed, or as JSON text where it is not a text.
func answer(r *reader, a extract.Answer) DemoAnswer {
	text := a.Text
	if a.JSON != nil {
		text = extract.Text{Null: some(string(a.JSON))}
	}
	return DemoAnswer{a.Question, r.typed("prospect_info.prospect-"+a.Question, text)}
}

// channel tells a campaign's e-mail, whose link is /ss/showu/<short name>, from a web site's page.
// An origin comes with or without a scheme.
func channel(origin sql.Null[string]) sql.Null[string] {
	if !origin.Valid {
		return sql.Null[string]{}
	}
	s, _, _ := strings.Cut(origin.V, "#")
	s, _, _ = strings.Cut(s, "?") // before the scheme: parameters may hold an address of their own
	if _, rest, found := strings.Cut(s, "://"); found {
		s = rest
	}
	_, path, _ := strings.Cut(s, "/")
	if name, found := strings.CutPrefix(path, "ss/showu/"); found {
		if name = strings.TrimSuffix(name, "/"); name != "" && !strings.Contains(name, "/") {
			return some("email_campaign")
		}
	}
	return some("website")
}

// Canceled normalises a window's count of cancelled requests. An answer that has none, or none that can be a count, leaves
// the day as it is, and that is set aside.
func Canceled(n extract.Integer, from time.Time) (sql.Null[int32], []Reject) {
	var r reader
	count := r.count("total_canceled_requests", n)
	if r.why == "" && !count.Valid {
		r.why = "total_canceled_requests: no count of it"
	}
	if r.why != "" {
		raw := fmt.Appendf(nil, `{"from":%q}`, from.UTC().Format(time.RFC3339))
		return sql.Null[int32]{}, []Reject{reject("$.total_canceled_requests", r.why, raw)}
	}
	return count, nil
}
