//go:build unix

package deploy

import (
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wheelhouse/internal/testkit"
)

// The test builds the program like the Dockerfile: with its RUN lines, from the files that
// .dockerignore leaves. Then it starts the program like the image.
//
// The build compiles the program and all dependencies again, which the usual tests leave to .ci/run.
func TestImage(t *testing.T) {
	if !testkit.Long() {
		t.Skip("set WHEELHOUSE_LONG=1 to build the image's program")
	}
	t.Parallel()
	const version = "1.2.3-deploy-test"
	root := filepath.Join(buildStage(t, version), "image")
	entrypoint, _ := dockerfile(t).entry(t)
	path := filepath.Join(root, entrypoint[0])

	t.Run("static", func(t *testing.T) {
		file, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, p := range file.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: the program needs a loader and libraries, which scratch does not have", p.Type)
			}
		}
		if file.Section(".debug_info") != nil || file.Section(".symtab") != nil {
			t.Error("not stripped")
		}
	})
	t.Run("version", func(t *testing.T) {
		if data := string(mustRead(t, path)); !strings.Contains(data, version) {
			t.Error("VERSION did not get into main.stamped")
		}
	})
	t.Run("tmp", func(t *testing.T) {
		if info, err := os.Stat(filepath.Join(root, "tmp")); err != nil || info.Mode()&(fs.ModeSticky|0o777) != fs.ModeSticky|0o777 {
			t.Errorf("/tmp: %v %v", info, err)
		}
	})
	for name, c := range commands(t) {
		t.Run(name, func(t *testing.T) {
			helps(t, path, c.args)
		})
	}
	t.Run("config check", func(t *testing.T) {
		configCheck(t, root, entrypoint[0])
	})
}

// buildStage runs the RUN lines of the first stage after its COPY . . in a copy of the
// build's context. It returns the folder that replaces /image.
func buildStage(t *testing.T, version string) string {
	t.Helper()
	context, dir := t.TempDir(), t.TempDir()
	copyContext(t, context)
	copied := false
	for _, i := range dockerfile(t) {
		copied = copied || i.name == "COPY" && i.args == ". ."
		if i.name != "RUN" || !copied {
			continue
		}
		cmd := exec.Command("sh", "-ec", strings.ReplaceAll(i.args, "/image/", dir+"/image/"))
		cmd.Dir = context
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOFLAGS=", "GOWORK=off", "VERSION="+version)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("RUN %s: %v\n%s", i.args, err, output)
		}
	}
	return dir
}

// copyContext copies the build's context.
func copyContext(t *testing.T, to string) {
	t.Helper()
	list := mustIgnore(t)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel("..", path)
		if err != nil || name == "." {
			return err
		}
		switch {
		case list.matches(filepath.ToSlash(name)) && entry.IsDir():
			return fs.SkipDir
		case list.matches(filepath.ToSlash(name)), !entry.IsDir() && !entry.Type().IsRegular():
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary file that was removed since the folder was read
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// helps runs a command line with --help. The program must know the command and its flags.
func helps(t *testing.T, path string, args []string) {
	t.Helper()
	output, err := exec.Command(path, append(slices.Clone(args), "--help")...).CombinedOutput()
	if err != nil || !strings.Contains(string(output), "wheelhouse "+args[0]) {
		t.Fatalf("%s --help: %v\n%s", strings.Join(args, " "), err, output)
	}
	for _, flag := range args[1:] {
		if !strings.Contains(string(output), flag) {
			t.Errorf("%s has no %s:\n%s", args[0], flag, output)
		}
	}
}

// configCheck runs config check with compose's environment. Root starts the program like a
// container engine: with the image as root folder and as the image's user.
func configCheck(t *testing.T, root, program string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(root, program), "config", "check")
	c := commands(t)["compose.yaml"]
	if os.Getuid() == 0 {
		cmd.Path, cmd.Dir = program, dockerfile(t).last("WORKDIR")
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		if err := os.MkdirAll(filepath.Join(root, cmd.Dir), 0o755); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, root+c.env["CRANKWHEEL_API_KEY_FILE"], "key\n")
		mustWrite(t, root+c.env["DATABASE_URL_FILE"], dsn+"\n")
		mustWrite(t, root+c.env["WHEELHOUSE_TOKEN_FILE"], pagesToken+"\n")
	} else {
		t.Log("not root: without the image's root folder and user")
		cmd.Dir = t.TempDir()
		c.env = localEnv(t, c)
	}
	cmd.Env = []string{} // nil would mean this process's environment
	for key, value := range c.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "usage_new") {
		t.Errorf("config check: %v\n%s", err, output)
	}
}
