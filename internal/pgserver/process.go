//go:build linux || darwin || freebsd

package pgserver

import (
	_ "embed"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

var (
	//go:embed runner.sh
	runnerScript string

	//go:embed guard.sh
	guardScript string
)

// errStuck is a process that even SIGKILL did not end.
var errStuck = errors.New("does not end")

// A process is a shell running one of the two scripts. Its standard input is a
// pipe whose write end this program alone holds (close-on-exec, as all of Go's
// descriptors are): it ends when this program does, however it dies.
type process struct {
	cmd   *exec.Cmd
	input *os.File
	done  chan struct{} // closed when the shell has ended
}

// spawn starts script as the account given. held, if not nil, becomes its
// descriptor 3; output, if not nil, its standard output and error.
func spawn(as account, script string, held, output *os.File, args ...string) (*process, error) {
	in, input, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()

	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.Stdin = in
	if output != nil {
		cmd.Stdout, cmd.Stderr = output, output
	}
	if held != nil {
		cmd.ExtraFiles = []*os.File{held}
	}
	cmd.SysProcAttr = as.attributes()
	cmd.SysProcAttr.Setsid = true // away from the terminal's Ctrl-C and hang-up

	if err := cmd.Start(); err != nil {
		input.Close()
		return nil, err
	}
	p := &process{cmd: cmd, input: input, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // its result is in cmd.ProcessState
		input.Close()
		close(p.done)
	}()
	return p, nil
}

// stop sends a signal to the program that runner.sh runs and waits for its end.
// A fast shutdown writes a checkpoint first, hence the patience.
func (p *process) stop(signal string) error {
	for _, step := range []struct {
		signal   string
		patience time.Duration
	}{{signal, time.Minute}, {"QUIT", 10 * time.Second}, {"KILL", 10 * time.Second}} {
		// An error means that the shell has ended, which is what we wait for.
		_, _ = io.WriteString(p.input, step.signal+"\n")
		if p.ended(step.patience) {
			return nil
		}
	}
	return errStuck
}

// ended waits up to patience for the shell's end.
func (p *process) ended(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// environment is what server programs get to see: enough to load their
// libraries, and no PG* variable that would change what they do.
func environment() []string {
	env := []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH") + ":/usr/bin:/bin:/usr/sbin:/sbin"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
