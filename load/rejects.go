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

// rejectsAtATime is the number of rejects that one statement writes.
const rejectsAtATime = 256

// someRejects are some of a batch's rejects, as arguments of the statements in rejects.sql.
type someRejects struct {
	hashes        [][]byte
	keys          []string
	whole         []bool
	paths, causes []string
	raw, rawText  []*string
}

// eachRejects calls take with a batch's rejects, some at a time.
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

// protect finds the rows that may only seem to be missing because their record was rejected. A reject with a key protects the
// row with that key. A reject without a key protects all rows, but only in the load that meets the reject first: if the API
// sends the record again and again, rows can still be deleted.
func (d *differ) protect(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch) error {
	d.rejected = map[string]bool{}
	return eachRejects(b, func(some someRejects) error {
		var keyless [][]byte
		for i, key := range some.keys {
			switch {
			case !some.whole[i]:
			case key != "":
				d.rejected[key] = true
			default:
				keyless = append(keyless, some.hashes[i])
			}
		}
		if len(keyless) == 0 || d.anyMayBeMissing {
			return nil
		}
		args["hashes"] = keyless
		if err := tx.QueryRow(ctx, rejects["met_first"], args).Scan(&d.anyMayBeMissing); err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
		return nil
	})
}

// keepRejects writes a batch's rejects. If the batch is complete, keepRejects also resolves the window's rejects that the batch
// does not have.
func keepRejects(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch) error {
	err := eachRejects(b, func(some someRejects) error {
		args["hashes"], args["paths"], args["reasons"], args["raw"], args["raw_text"] = some.hashes, some.paths, some.causes, some.raw, some.rawText
		_, err := tx.Exec(ctx, rejects["keep"], args)
		return err
	})
	if err == nil && b.missing == "" { // a reject may be in the parts that could not be had
		_, err = tx.Exec(ctx, rejects["resolve"], args)
	}
	if err != nil {
		return fmt.Errorf("rejects: %w", err)
	}
	return nil
}
