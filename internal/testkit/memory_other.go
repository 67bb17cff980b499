//go:build !linux

package testkit

// MemoryFolder is "": the data of a test's server is on disk.
func MemoryFolder() string { return "" }
