package pipeline

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"wheelhouse/load"
)

// smallDisk puts the table of demo requests on a disk that becomes full, and returns a function that makes room. If no disk can be
// mounted, a trigger raises the error of a full disk.
func (f *faulty) smallDisk() (enlarge func()) {
	f.t.Helper()
	dir, err := f.mountFor(f.one("SHOW data_directory"))
	if err != nil {
		f.t.Logf("a trigger stands in for a full disk: %v", err)
		f.rows(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		        BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
		f.rows(`CREATE TRIGGER full_disk BEFORE INSERT ON crankwheel.demo_requests EXECUTE FUNCTION full_disk()`)
		return func() { f.rows("DROP TRIGGER full_disk ON crankwheel.demo_requests") }
	}
	name := "small_" + strings.ToLower(f.one("SELECT current_database()"))
	f.rows(fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", name, dir))
	f.t.Cleanup(func() {
		f.rowsAfter("ALTER TABLE crankwheel.demo_requests SET TABLESPACE pg_default")
		f.rowsAfter("CHECKPOINT") // removes the emptied files
		f.rowsAfter("DROP TABLESPACE " + name)
	})
	f.rows("ALTER TABLE crankwheel.demo_requests SET TABLESPACE " + name)
	return func() {
		if said, err := exec.Command("mount", "-o", "remount,size=16m", dir).CombinedOutput(); err != nil {
			f.t.Fatalf("%v: %s", err, said)
		}
	}
}

// mountFor mounts a small disk in memory that belongs to the owner of the server's data directory.
func (f *faulty) mountFor(data string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("no tmpfs on %s", runtime.GOOS)
	}
	owner, err := exec.Command("stat", "-c", "uid=%u,gid=%g", data).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the server's data is not on this machine: %s", owner)
	}
	dir, err := os.MkdirTemp("/tmp", "wheelhouse-small-disk-")
	if err != nil {
		return "", err
	}
	f.t.Cleanup(func() { os.Remove(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	if said, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700,"+strings.TrimSpace(string(owner)), "tmpfs", dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	f.t.Cleanup(func() { // the server may have deleted files open
		if said, err := exec.Command("umount", "--lazy", dir).CombinedOutput(); err != nil {
			f.t.Errorf("%v: %s", err, said)
		}
	})
	return dir, nil
}

// A full disk fails the window and ends the run of its stream, as the ledger and the log say. The next run loads everything once
// there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, load.Options{})
	f.runner.Parallel = 1
	enlarge := f.smallDisk()
	f.api.answer("demo_usage", func(q url.Values) (int, string) {
		day := q.Get("from")[:10]
		all := make([]string, 1000)
		for i := range all {
			all[i] = fmt.Sprintf(`{"id":%s%04d,"start_ts":"%sT09:00:00","seconds_to_respond":5,"prospect_info":{"prospect-name":"A name"}}`,
				strings.ReplaceAll(day, "-", ""), i, day)
		}
		return 200, `{"total_canceled_requests":0,"sessions":[` + strings.Join(all, ",") + `]}`
	})
	three := Range{First: date("2026-03-08"), Last: date("2026-03-10"), Now: f.now}
	f.link.watch(nil)
	result := f.run(three, "demo_usage")
	// The others may have been asked for while the first was being loaded.
	if result.Failed+result.Left != 3 || result.Left == 0 || f.link.metOf("53100") != 1 {
		t.Errorf("tried %d times: %+v", f.link.metOf("53100"), result)
	}
	f.mustFail(result, "53100")
	f.want("0", "SELECT count(*) FROM crankwheel.demo_requests")

	enlarge()
	if r := f.mustRun(three, "demo_usage"); r.Loaded != 3 || r.Counts.Inserted != 3000 {
		t.Errorf("once there is room: %+v", r)
	}
	f.want("3000", "SELECT count(*) FROM crankwheel.demo_requests")
}
