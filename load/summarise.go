package load

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed summarise.sql
var summariseSQL string

var summaries = parseSQL(summariseSQL)

// summariseDays is how many days are added up in one transaction: a million sessions of a large account, and some seconds.
const summariseDays = 1000

// Summarise brings the sums from which bi.session_daily, bi.agent_daily and what pages show of long ranges are read up to what
// is loaded. Without it those show the same figures, and take longer. Nothing is written where nothing was loaded, but for a row a month. While
// another process is at it, it does nothing.
func (w *Warehouse) Summarise(ctx context.Context) error {
	var accounts []string
	err := w.retry(ctx, func() (err error) {
		rows, err := w.pool.Query(ctx, summaries["accounts"])
		if err != nil {
			return err
		}
		accounts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return fmt.Errorf("summarise: %w", err)
	}
	for _, account := range accounts {
		for more := true; more; {
			err := w.retry(ctx, func() error {
				return pgx.BeginTxFunc(ctx, w.pool, oneMoment, func(tx pgx.Tx) (err error) {
					more, err = summarise(ctx, tx, account, summariseDays)
					return err
				})
			})
			if err != nil {
				return fmt.Errorf("summarise %s: %w", account, err)
			}
		}
	}
	return nil
}

// summarise adds up some of an account's days, and tells whether there may be more of them. All its statements see the
// warehouse of one moment: a load that commits meanwhile leaves its days due.
func summarise(ctx context.Context, tx pgx.Tx, account string, most int) (more bool, err error) {
	var alone bool
	if err := tx.QueryRow(ctx, summaries["alone"]).Scan(&alone, nil); err != nil || !alone {
		return false, err
	}
	args := pgx.NamedArgs{"account": account, "most": most}
	rows, err := tx.Query(ctx, summaries["stale"], args)
	if err != nil {
		return false, err
	}
	var days, months []string
	var day, month string
	if _, err := pgx.ForEachRow(rows, []any{&day, &month}, func() error {
		days, months = append(days, day), append(months, month)
		return nil
	}); err != nil {
		return false, err
	}
	more = len(days) == most
	args["days"], args["months"], args["more"] = days, slices.Compact(months), more
	names := []string{
		"forget_zone", "forget_sessions", "sessions", "forget_requests", "requests", "forget_video", "video",
		"forget_agents", "agents", "forget_campaigns", "campaigns", "shares", "mark", "settle",
	}
	if len(days) == 0 {
		names = []string{"mark", "settle"}
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, summaries[name], args); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	return more, nil
}
