//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// An account is the user that server programs run as. PostgreSQL refuses root,
// so root switches to another user. Every other user runs them itself.
type account struct {
	drop   bool // false: the current user; the other fields are not set
	name   string
	uid    int
	gid    int
	groups []uint32
}

// serverAccount is the current user, and for root the user postgres or nobody.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		return newAccount(u)
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it as")
}

func newAccount(u *user.User) (account, error) {
	a := account{drop: true, name: u.Username}
	var err error
	if a.uid, err = strconv.Atoi(u.Uid); err != nil {
		return a, fmt.Errorf("user %s: %w", u.Username, err)
	}
	if a.gid, err = strconv.Atoi(u.Gid); err != nil {
		return a, fmt.Errorf("user %s: %w", u.Username, err)
	}
	a.groups = []uint32{uint32(a.gid)}
	ids, err := u.GroupIds()
	if err != nil {
		return a, nil // its own group is enough
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != a.gid {
			a.groups = append(a.groups, uint32(n))
		}
	}
	return a, nil
}

// attributes make a child process run as the account.
func (a account) attributes() *syscall.SysProcAttr {
	if !a.drop {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{
		Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: a.groups,
	}}
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// canUse returns an error if the account cannot use the files in a folder. It
// tries, because modes do not say everything (access lists, mounts).
func (a account) canUse(ctx context.Context, folder string) error {
	if !a.drop {
		return nil
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `cd "$1"`, "sh", folder)
	cmd.Dir = "/"
	cmd.SysProcAttr = a.attributes()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("folder %s cannot be used by user %s, as whom PostgreSQL runs: %w", folder, a.name, err)
	}
	return nil
}
