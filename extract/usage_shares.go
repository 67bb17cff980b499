package extract

import "context"

// ShareUsage is one entry of usage_shares' `stats.by_user`: sums of one agent over the whole window.
type ShareUsage struct {
	Email  Text
	Name   Text
	Shares Integer // shares created in the window
	Plays  Integer // plays in the window, of shares of any age
	Extra  Extra
}

// UsageShares asks for each agent's number of shares and plays in a window, and calls row for each agent, those without
// shares included. Report.SourceCount is the sum of both totals that the API states.
func (c *Client) UsageShares(ctx context.Context, w Window, out Answers, row func(Record[ShareUsage]) error) (Report, error) {
	var rep Report
	q := w.counted()
	q.Set("include_all_users", "true")
	t, err := untilReconciled(&rep, func() (*totals, error) {
		var t *totals
		err := c.get(ctx, &rep, "/ss/api/usage_shares", q, func(a *answer) error {
			t = &totals{}
			out.Begin()
			return a.usageShares(t, row)
		})
		return t, err
	})
	if err != nil {
		return rep, err
	}
	out.Commit()
	if t.stated {
		rep.addSourceCount(t.want.count + t.want.amount) // the ledger has one column, and a change in either shows there
	}
	return rep, nil
}

func (a *answer) usageShares(t *totals, row func(Record[ShareUsage]) error) error {
	var shares, plays Integer
	err := a.rowsUnder("stats", func() error {
		return a.rowsUnder("by_user", func() error {
			return records(a, "$.stats.by_user", (*decoder).shareUsage, func(rec Record[ShareUsage]) error {
				t.addRow("", sums{rec.Value.Shares.V, rec.Value.Plays.V})
				return row(rec)
			})
		}, func(d *decoder, name string) (known bool, err error) {
			switch name {
			case "total_shares":
				return true, d.integer(&shares)
			case "total_plays":
				return true, d.integer(&plays)
			}
			return false, nil
		})
	}, ignored("from", "to", "include_all_users"))
	t.stated = shares.Valid && plays.Valid
	t.want = sums{shares.V, plays.V}
	return err
}

func (d *decoder) shareUsage(u *ShareUsage) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "email":
			return d.text(&u.Email)
		case "name":
			return d.text(&u.Name)
		case "shares_count":
			return d.integer(&u.Shares)
		case "plays_count":
			return d.integer(&u.Plays)
		}
		return d.extra(&u.Extra)
	})
}
