package load

import (
	"database/sql"

	"wheelhouse/transform"
)

// UserAccess loads crankwheel.users.
var UserAccess = newStream("user_access", users.Table)

type user = transform.User

var users = newRows(
	Table{Name: "users", LoadID: "load_id", Scope: Scope{All: true}},
	[]field[user]{
		requiredText("email", func(u *user) string { return u.Email }),
	},
	[]field[user]{
		documented(text("privilege", func(u *user) sql.Null[string] { return u.Privilege }), "user", "admin", "owner", "reporting"),
		requiredBoolean("in_demo_pool", func(u *user) bool { return u.InDemoPool }),
		extra(func(u *user) []byte { return u.Extra }),
	})

// User adds a user.
func (b *Batch) User(u transform.User) error {
	b.totals.records++
	return add(b, 0, users, &u)
}
