package pipeline

import "wheelhouse/internal/stream"

// Loaded returns the number of the job's windows that are not due.
func (j Job) Loaded() int { return j.Windows - len(j.Due) }

// Requests returns the least number of requests for the job. Windows with many shares need more.
func (j Job) Requests() int {
	known, _ := stream.ByName(j.Stream.Name)
	return known.Requests * len(j.Due)
}
