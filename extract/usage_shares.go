package extract

import "context"

// ShareUsage is one entry of usage_shares' `stats.by_user`: an agent's video sharing over the
// window as a whole.
type ShareUsage struct {
	Email  Text
	Name   Text
	Shares Integer // created in the window
	Plays  Integer // in the window, of shares created whenever
	Extra  Extra
}

// UsageShares asks for each agent's shares and plays, those with none included. The window is the
// grain: there is nothing finer.
func (c *Client) UsageShares(ctx context.Context, w Window, out Answers, row func(Record[ShareUsage]) error) (Report, error) {
	var rep Report
	q := w.counted()
	q.Set("include_all_users", "true")
	t, err := untilAgreed(&rep, func() (*totals, error) {
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
		rep.stated(t.said.count + t.said.amount) // one number for both: a difference in either shows
	}
	return rep, nil
}

func (a *answer) usageShares(t *totals, row func(Record[ShareUsage]) error) error {
	var shares, plays Integer
	err := a.rowsUnder("stats", func() error {
		return a.rowsUnder("by_user", func() error {
			return records(a, "$.stats.by_user", (*decoder).shareUsage, func(rec Record[ShareUsage]) error {
				t.came("", tally{rec.Value.Shares.V, rec.Value.Plays.V})
				return row(rec)
			})
		}, func(d *decoder, name string) error {
			switch name {
			case "total_shares":
				return d.integer(&shares)
			case "total_plays":
				return d.integer(&plays)
			}
			return nil
		})
	}, passOver)
	t.stated = shares.Valid && plays.Valid
	t.said = tally{shares.V, plays.V}
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
		return d.extra(&u.Extra, name)
	})
}
