//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/*/stat: USER_HZ, a hundredth of a second on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// stat is a process as /proc/*/stat shows it.
type stat struct {
	parent       int
	used, waited time.Duration // CPU of its own, and of the children it has waited for
}

func statOf(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The name, in brackets, may contain anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const state, times = 3, 14 // positions of state and utime in proc(5)
	if len(fields) < times+4-state {
		return stat{}, errors.New("/proc/*/stat is not as known")
	}
	number := func(field int) int {
		n, _ := strconv.Atoi(fields[field-state])
		return n
	}
	return stat{
		parent: number(4),
		used:   time.Duration(number(times)+number(times+1)) * tick,
		waited: time.Duration(number(times+2)+number(times+3)) * tick,
	}, nil
}

// cpu is the CPU time of the server since its start: of the postmaster, its children, and ended children.
func (p *postgres) cpu() (time.Duration, error) {
	master, err := statOf(p.postmaster)
	if err != nil {
		return 0, err
	}
	total := master.used + master.waited
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, path := range processes {
		pid, _ := strconv.Atoi(filepath.Base(path))
		if child, err := statOf(pid); err == nil && child.parent == p.postmaster {
			total += child.used
		}
	}
	return total, nil
}

// watchMemory reads a process's peak of resident memory until done is closed, and returns it in bytes. The rusage of a
// child is not used, because it includes the memory of its parent at the fork.
func watchMemory(pid int, done <-chan struct{}) int64 {
	peak := int64(0)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		peak = max(peak, highWater(pid))
		select {
		case <-done:
			return peak
		case <-ticker.C:
		}
	}
}

func highWater(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nVmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	return kib << 10
}
