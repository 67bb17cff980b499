package transform

import (
	"database/sql"
	"wheelhouse/extract"
)

// User is a row of crankwheel.users.
type User struct {
	Email      string
	Privilege  sql.Null[string]
	InDemoPool bool
	Extra      []byte
}

// UserAccess normalises a user. See the package comment for ok and rejects.
func UserAccess(rec extract.Record[extract.User]) (row User, ok bool, rejects []Reject) {
	u, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = User{
		Email:      r.agentKey("email", u.Email),
		Privilege:  r.text("privilege", u.Privilege),
		InDemoPool: r.boolean("in_demo_pool", u.InDemoPool).V, // null and absent mean false
	}
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.Email)
	}
	row.Extra = r.extra(u.Extra)
	return row, true, nil
}
