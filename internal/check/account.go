package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
)

// accountChecks are the checks of an account that need only the answer to its request for demo_info.
var accountChecks = []struct {
	name  string
	check func(info extract.DemoInfo, now time.Time) Result
}{
	{"api_clock", clock},
	{"instant_demos", demos},
}

// Account sends one request to the API of an account, and checks the answer. api has the attempts and timeouts of the request; now is this
// machine's clock.
func Account(ctx context.Context, a settings.Account, api extract.Config, now func() time.Time) (all []Result) {
	add := func(name string, r Result) {
		r.Check, r.Account = name, a.ID
		all = append(all, r)
	}
	info, err := ask(ctx, a, api)
	if err != nil {
		add("api", fail(err.Error(), remedy(err)))
		return all
	}
	add("api", ok("%s accepts the key", a.Server))
	for _, c := range accountChecks {
		add(c.name, c.check(info, now()))
	}
	return all
}

func ask(ctx context.Context, a settings.Account, api extract.Config) (extract.DemoInfo, error) {
	api.Server, api.Key = a.Server, a.APIKey.Reveal()
	client, err := extract.New(api)
	if err != nil {
		return extract.DemoInfo{}, err
	}
	defer client.Close()
	return client.DemoInfo(ctx)
}

// remedy says what to do about a request that failed. The error itself says more.
func remedy(err error) string {
	var api *extract.APIError
	switch {
	case errors.As(err, &api) && (api.Status == http.StatusUnauthorized || api.Status == http.StatusForbidden):
		return "set the account's API key; a read-only key is enough"
	case errors.As(err, &api) && api.Status >= 500, errors.As(err, &api) && api.Status == http.StatusTooManyRequests:
		return "wait and check again; if the error stays, ask CrankWheel with the request id"
	}
	return "set the account's server to the address at which its users log in, and let this machine connect to that address"
}

// mostSkew is the largest difference between the two clocks that causes no warning. A window of today ends at this machine's now.
const mostSkew = 2 * time.Minute

func clock(info extract.DemoInfo, now time.Time) Result {
	if info.Clock.IsZero() {
		return ok("the API does not say what time it is")
	}
	difference := now.Sub(info.Clock).Round(time.Second)
	how := "ahead of"
	if difference < 0 {
		how = "behind"
	}
	text := fmt.Sprintf("this machine's clock is %s %s the API's", difference.Abs(), how)
	if difference.Abs() > mostSkew {
		return warn(text, "set this machine's clock (NTP): a day may be loaded as complete before it has ended for the API")
	}
	return ok("%s", text)
}

func demos(info extract.DemoInfo, _ time.Time) Result {
	switch {
	case !info.Enabled.Valid:
		return ok("the API does not say whether Instant Demos are on")
	case !info.Enabled.V:
		return warn("Instant Demos are off", "do nothing if that is intended (there are no new demo requests then); otherwise switch them on in CrankWheel")
	}
	return ok("Instant Demos are on")
}
