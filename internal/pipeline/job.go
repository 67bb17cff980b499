package pipeline

// Loaded is how many of a job's windows the ledger covers and nothing asks for again.
func (j Job) Loaded() int { return j.Windows - len(j.Due) }

// Requests is how many requests the job will take at least: windows with many shares take more.
func (j Job) Requests() int {
	each := 1
	if j.Stream.Name == "company_content" {
		each = 2 // its two views
	}
	return each * len(j.Due)
}
