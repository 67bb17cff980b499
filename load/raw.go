package load

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"

	"wheelhouse/extract"
)

// sameFields tells whether encoded fields are those of a row as Postgres sends it. Its jsonb is written in another way than
// ours: it is the last column of both tables.
func sameFields(fields []byte, v [][]byte) bool {
	for i, value := range v {
		n := int32(binary.BigEndian.Uint32(fields))
		fields = fields[4:]
		if (n < 0) != (value == nil) {
			return false
		}
		if n < 0 {
			continue
		}
		if own := fields[:n]; !bytes.Equal(own, value) && (i < len(v)-1 || !sameJSON(own[1:], value[1:])) {
			return false
		}
		fields = fields[n:]
	}
	return true
}

func sameJSON(canonical, other []byte) bool {
	c, err := extract.Canonical(other)
	return err == nil && bytes.Equal(c, canonical)
}

func isTrue(v []byte) bool { return len(v) == 1 && v[0] == 1 }

// eachRaw calls f for each row of a query, with its columns in Postgres's binary format, valid until f returns.
func eachRaw(ctx context.Context, tx pgx.Tx, sql string, named pgx.NamedArgs, f func(v [][]byte)) error {
	sql, args, err := named.RewriteQuery(ctx, tx.Conn(), sql, nil)
	if err != nil {
		return err
	}
	var params pgx.ExtendedQueryBuilder
	if err := params.Build(tx.Conn().TypeMap(), nil, args); err != nil {
		return err
	}
	rows := tx.Conn().PgConn().ExecParams(ctx, sql, params.ParamValues, nil, params.ParamFormats, []int16{pgx.BinaryFormatCode})
	for rows.NextRow() {
		f(rows.Values())
	}
	_, err = rows.Close()
	return err
}
