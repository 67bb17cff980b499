package extract

import "context"

// User is one entry of user_access: a person with access to the account.
type User struct {
	Email      Text
	Privilege  Text     // user, admin, owner, reporting
	InDemoPool BoolOrNA // null means false
	Extra      Extra
}

// UserAccess asks for the account's present users and calls row for each.
func (c *Client) UserAccess(ctx context.Context, out Answers, row func(Record[User]) error) (Report, error) {
	var rep Report
	err := c.get(ctx, &rep, "/ss/api/user_access", nil, func(a *answer) error {
		out.Begin()
		return a.list(func() error { return records(a, "$", (*decoder).user, row) })
	})
	if err == nil {
		out.Commit()
	}
	return rep, err
}

func (d *decoder) user(u *User) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "email":
			return d.text(&u.Email)
		case "privilege":
			return d.text(&u.Privilege)
		case "in_demo_pool":
			return d.boolean(&u.InDemoPool)
		}
		return d.extra(&u.Extra)
	})
}
