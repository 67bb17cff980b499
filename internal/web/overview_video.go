package web

import (
	"context"
	"time"
)

func (o *overview) readVideo(ctx context.Context, q *request) error {
	days, err := rows[struct {
		Day                   time.Time
		Visits, Plays, Clicks int64
	}](ctx, q, "video", nil)
	if err != nil {
		return err
	}
	var over []bucket
	var visits, plays, clicks [2]int64 // before, now
	for _, d := range days {
		i := 0
		if !d.Day.Before(q.From) {
			i = 1
			over = append(over, bucket{q.back(d.Day), d.Visits, d.Plays})
		}
		visits[i], plays[i], clicks[i] = visits[i]+d.Visits, plays[i]+d.Plays, clicks[i]+d.Clicks
	}
	o.Video = []figure{
		q.counted("Visits", visits[1], visits[0], "to video shares"),
		q.counted("Plays", plays[1], plays[0], of(plays[1], visits[1], "visits")),
		q.counted("Clicks", clicks[1], clicks[0], "on a call to action"),
	}
	o.Plays = q.overTime("video", "Visits and plays over time", "Visits", "Plays", over)
	return nil
}

func (o *overview) readShares(ctx context.Context, q *request) error {
	best, err := rows[struct {
		Slug                  string
		Content, Email, Name  *string
		Visits, Plays, Clicks int64
	}](ctx, q, "shares", map[string]any{"most": top})
	if err != nil {
		return err
	}
	t := q.table("shares", "Most played shares", col("Video"), col("Shared by"), num("Visits"), num("Plays"), num("Play rate"), num("Clicks"))
	t.Empty = "No share was visited in this range."
	for _, r := range best {
		by := q.agent(r.Email)
		if r.Name != nil {
			by.Text = shorten(*r.Name, longestShown)
		}
		t.add(q.share(r.Slug, r.Content), by, count(r.Visits), count(r.Plays), ratio(r.Plays, r.Visits), count(r.Clicks))
	}
	o.Shares = t
	return nil
}
