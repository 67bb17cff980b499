package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed user_access.sql
var userAccessSQL string

// UserAccess loads crankwheel.users.
var UserAccess = Stream{
	Name:     "user_access",
	Snapshot: true,
	stages: []stageTable{
		{"stage_users_1", []string{"n", "email", "privilege", "in_demo_pool", "extra"}},
	},
	sql: parseSQL(userAccessSQL),
}

// User adds a user.
func (b *Batch) User(u transform.User) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.text(u.Email)
		t.nullText(u.Privilege)
		t.boolean(u.InDemoPool)
		t.jsonb(u.Extra)
		return b.put(rowsStage, place)
	})
}
