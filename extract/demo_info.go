package extract

import (
	"context"
	"net/http"
	"time"
)

// DemoInfo has the state of the account's Instant Demos, and the time of the server's clock.
type DemoInfo struct {
	Enabled BoolOrNA  // not valid: the answer does not say
	Clock   time.Time // when the server answered, to the second; zero: the answer does not say
}

// DemoInfo asks whether the account's Instant Demos are on. It is the cheapest request of the API.
func (c *Client) DemoInfo(ctx context.Context) (info DemoInfo, err error) {
	err = c.get(ctx, &Report{}, "/ss/api/demo_info", nil, func(a *answer) error {
		info = DemoInfo{}
		info.Clock, _ = http.ParseTime(a.date)
		return a.members("the answer", func(name string) error {
			d, err := a.wholeValue()
			switch {
			case err != nil:
				return err
			case name == "is_enabled":
				return d.boolean(&info.Enabled)
			}
			return a.beside.notice(d, name) // it may state an error
		})
	})
	return info, err
}
