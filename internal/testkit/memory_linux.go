package testkit

import "syscall"

// MemoryFolder is a folder in memory for the data of a test's server, or "" if the machine has none with enough space. Each test
// has a database of its own, of some 600 files: a disk's file system takes about 100 ms of processor time to copy them, memory 20 ms.
func MemoryFolder() string {
	const folder, tmpfs, enough = "/dev/shm", 0x01021994, 6 << 30 // bytes; tests of two packages use less than 4 GB
	var fs syscall.Statfs_t
	if syscall.Statfs(folder, &fs) != nil || int64(fs.Type) != tmpfs || int64(fs.Bavail)*int64(fs.Bsize) < enough {
		return ""
	}
	if syscall.Access(folder, 7) != nil { // read, write and enter
		return ""
	}
	return folder
}
