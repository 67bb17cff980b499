package pipeline

import "wheelhouse/internal/stream"

// Loaded is how many of a job's windows the ledger covers and nothing asks for again.
func (j Job) Loaded() int { return j.Windows - len(j.Due) }

// Requests is how many requests the job will take at least: windows with many shares take more.
func (j Job) Requests() int {
	known, _ := stream.ByName(j.Stream.Name)
	return known.Requests * len(j.Due)
}
