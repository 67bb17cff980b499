package transform

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"wheelhouse/extract"
)

// DemoRequest is a row of crankwheel.demo_requests, with its rows of crankwheel.demo_answers.
type DemoRequest struct {
	DemoID             int64
	StartedAt          time.Time
	LastEventAt        sql.Null[time.Time]
	AvailabilityBucket sql.Null[string]
	Answered           bool // SecondsToRespond is a number
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

// Prospect is what a prospect wrote about themselves.
type Prospect struct{ Name, Email, Phone, Company, JobTitle, Website, Location sql.Null[string] }

// UTM names the campaign that brought a prospect.
type UTM struct{ Source, Medium, Campaign, Term, Content sql.Null[string] }

// DemoAnswer is a row of crankwheel.demo_answers: the answer to a question that the account added to the API's own.
type DemoAnswer struct {
	Question string // the member's name without "prospect-"
	Answer   sql.Null[string]
}

// DemoUsage normalises a demo request. See the package comment for ok and rejects.
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
			if rejects == nil { // one for all such questions, because a reject holds the whole record
				rejects = []Reject{newReject(rec.Path()+".prospect_info", "a question longer than 512 bytes", rec.Raw)}
			}
			continue
		}
		row.Answers = append(row.Answers, answer(&r, a))
	}
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, idText(d.ID))
	}
	slices.SortFunc(row.Answers, func(a, b DemoAnswer) int { return strings.Compare(a.Question, b.Question) })
	row.OriginChannel = channelOf(row.RequestOrigin)
	row.Extra = r.extra(d.Extra)
	return row, true, rejects
}

// column returns the column of a question; nil where the question is one that the account added.
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

// answer normalises an answer to a question that the account added. A value that is no text is kept as JSON.
func answer(r *reader, a extract.Answer) DemoAnswer {
	text := a.Text
	if a.JSON != nil {
		text = extract.Text{Null: some(string(a.JSON))}
	}
	return DemoAnswer{a.Question, r.typed("prospect_info.prospect-"+a.Question, text)}
}

// channelOf returns the channel by which a prospect came: a campaign's e-mail, which links to /ss/showu/<short name>, or a
// page of a web site. An origin has a scheme or none.
func channelOf(origin sql.Null[string]) sql.Null[string] {
	if !origin.Valid {
		return sql.Null[string]{}
	}
	s, _, _ := strings.Cut(origin.V, "#")
	s, _, _ = strings.Cut(s, "?") // before the scheme is cut, because parameters may hold another address
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

// Canceled normalises the count of cancelled requests of the window that begins at from. Where the answer states no count
// or one that cannot be stored, the result is NULL and rejects holds one reject.
func Canceled(n extract.Integer, from time.Time) (sql.Null[int32], []Reject) {
	var r reader
	count := r.count("total_canceled_requests", n)
	if r.problem == "" && !count.Valid {
		r.problem = "total_canceled_requests: no count of it"
	}
	if r.problem != "" {
		raw := fmt.Appendf(nil, `{"from":%q}`, from.UTC().Format(time.RFC3339))
		return sql.Null[int32]{}, []Reject{newReject("$.total_canceled_requests", r.problem, raw)}
	}
	return count, nil
}
