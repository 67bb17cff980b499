package check

import (
	"errors"
	"fmt"

	"github.com/jackc/pgerrcode"

	"wheelhouse/internal/postgres"
)

// Status is the outcome of a check.
type Status string

// The outcomes. A load is refused after Fail, and not after Warn.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Result is the outcome of one check. Its JSON is documented in docs/commands.md.
type Result struct {
	Status  Status `json:"status"`
	Check   string `json:"check"`
	Account string `json:"account"` // "" if the check is not about one account
	Message string `json:"message"`
	Remedy  string `json:"remedy"` // "" if the status is ok

	// OfSettings tells that the remedy is to change a setting: the exit code is 2.
	OfSettings bool `json:"-"`
}

func ok(format string, args ...any) Result {
	return Result{Status: OK, Message: fmt.Sprintf(format, args...)}
}

func warn(message, remedy string) Result {
	return Result{Status: Warn, Message: message, Remedy: remedy}
}

func fail(message, remedy string) Result {
	return Result{Status: Fail, Message: message, Remedy: remedy}
}

// failed is the result of a check that could not be carried out.
func failed(err error) []Result {
	remedy := "remove the cause, and run `wheelhouse check` again"
	var sql *postgres.Error
	if errors.As(err, &sql) && sql.Code == pgerrcode.InsufficientPrivilege {
		remedy = "run GRANT wheelhouse_loader TO the user in DATABASE_URL as a superuser"
	}
	return []Result{fail("the check could not be carried out: "+err.Error(), remedy)}
}

// of returns the result as a result about an account.
func (r Result) of(account string) Result {
	r.Account = account
	return r
}

// Err returns the error of a failed check, or nil.
func (r Result) Err() error {
	if r.Status != Fail {
		return nil
	}
	text := r.Message + ": " + r.Remedy
	if r.Account != "" {
		text = "account " + r.Account + ": " + text
	}
	return errors.New(text)
}
