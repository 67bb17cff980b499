package load

import (
	"context"
	_ "embed"
	"fmt"

	"wheelhouse/internal/sqlfile"

	"github.com/jackc/pgx/v5"
)

//go:embed rejects.sql
var rejectsSQL string

var rejects = sqlfile.Parse(rejectsSQL)

// rejectsAtATime is how many rejects are written by one statement.
const rejectsAtATime = 256

// someRejects are some of a batch's rejects as the statements of rejects.sql take them.
type someRejects struct {
	hashes        [][]byte
	keys          []string
	whole         []bool
	paths, causes []string
	raw, rawText  []*string
}

// eachRejects hands a batch's rejects on, some at a time.
func eachRejects(b *Batch, take func(someRejects) error) error {
	all, err := b.rejects.read()
	if err != nil {
		return err
	}
	defer all.stop()
	var some someRejects
	for {
		r, more, err := all.take()
		if err != nil {
			return err
		}
		if len(some.hashes) == rejectsAtATime || !more && len(some.hashes) > 0 {
			if err := take(some); err != nil {
				return err
			}
			some = someRejects{}
		}
		if !more {
			return nil
		}
		v := split(r.row)
		hash, _ := cut(r.key)
		some.hashes, some.keys, some.whole = append(some.hashes, hash), append(some.keys, string(v[0])), append(some.whole, v[1][0] == 1)
		some.paths, some.causes = append(some.paths, string(v[2])), append(some.causes, string(v[3]))
		some.raw, some.rawText = append(some.raw, textOrNil(v[4])), append(some.rawText, textOrNil(v[5]))
	}
}

func textOrNil(v []byte) *string {
	if v == nil {
		return nil
	}
	s := string(v)
	return &s
}

// protect finds out which rows may be missing because a record was set aside. A record that was set aside with a key
// stands for the row of that key. One without a key may be any row, but only in the load that meets it first: an API that
// goes on sending it must not keep rows from being deleted for ever.
func (d *differ) protect(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch) error {
	d.rejected = map[string]bool{}
	return eachRejects(b, func(some someRejects) error {
		var nameless [][]byte
		for i, key := range some.keys {
			switch {
			case !some.whole[i]:
			case key != "":
				d.rejected[key] = true
			default:
				nameless = append(nameless, some.hashes[i])
			}
		}
		if len(nameless) == 0 || d.suspect {
			return nil
		}
		args["hashes"] = nameless
		if err := tx.QueryRow(ctx, rejects["met_first"], args).Scan(&d.suspect); err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
		return nil
	})
}

// keepRejects writes a batch's rejects, and resolves those of the window that a complete batch no longer brings.
func keepRejects(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch) error {
	err := eachRejects(b, func(some someRejects) error {
		args["hashes"], args["paths"], args["reasons"], args["raw"], args["raw_text"] = some.hashes, some.paths, some.causes, some.raw, some.rawText
		_, err := tx.Exec(ctx, rejects["keep"], args)
		return err
	})
	if err == nil && b.missing == "" { // else those that did not come may be in what could not be had
		_, err = tx.Exec(ctx, rejects["resolve"], args)
	}
	if err != nil {
		return fmt.Errorf("rejects: %w", err)
	}
	return nil
}
