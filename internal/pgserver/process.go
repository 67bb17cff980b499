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

// errStuck: not even SIGKILL ended a process.
var errStuck = errors.New("does not end")

// A process is a shell that runs one of the two scripts. Its standard input is a
// pipe. Only this program has the write end (close-on-exec, like all descriptors of
// Go), so the pipe closes when this program ends, for any reason.
type process struct {
	cmd   *exec.Cmd
	input *os.File
	done  chan struct{} // closed when the shell has ended
}

// spawn starts a script as an account. keptOpen, if not nil, becomes the script's
// descriptor 3; output, if not nil, becomes its standard output and error.
func spawn(as account, script string, keptOpen, output *os.File, args ...string) (*process, error) {
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
	if keptOpen != nil {
		cmd.ExtraFiles = []*os.File{keptOpen}
	}
	cmd.SysProcAttr = as.attributes()
	cmd.SysProcAttr.Setsid = true // away from the terminal's Ctrl-C and hang-up

	if err := cmd.Start(); err != nil {
		input.Close()
		return nil, err
	}
	p := &process{cmd: cmd, input: input, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the result is in cmd.ProcessState
		input.Close()
		close(p.done)
	}()
	return p, nil
}

// stop sends a signal to the program that runner.sh runs, and waits for its end. A
// fast shutdown first writes a checkpoint, which may take long.
func (p *process) stop(signal string) error {
	for _, step := range []struct {
		signal  string
		timeout time.Duration
	}{{signal, time.Minute}, {"QUIT", 10 * time.Second}, {"KILL", 10 * time.Second}} {
		// An error means that the shell has ended, so waiting succeeds at once.
		_, _ = io.WriteString(p.input, step.signal+"\n")
		if p.ended(step.timeout) {
			return nil
		}
	}
	return errStuck
}

// ended waits for the shell's end, up to a timeout.
func (p *process) ended(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// environment is the environment of server programs: enough to load their libraries,
// and no PG* variable that would change their behaviour.
func environment() []string {
	env := []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH") + ":/usr/bin:/bin:/usr/sbin:/sbin"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
