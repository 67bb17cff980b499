package load

// Stream says how one stream's rows get from a batch into its tables. The statements that its .sql
// file may have, in the order they run, are listed in merge.go.
type Stream struct {
	Name     string
	stages   []stageTable // its main rows first
	sql      statements
	Snapshot bool // a load tells of everything there is, not of a window
	sifted   bool // what is new goes straight into its tables: see sifting
	Daily    bool // its counts are the window's: only a load of exactly a day covers the day
	summed   bool // rollups sum what it writes: its loads mark days dirty
}

// stageTable is a temporary table and its columns in the order in which a batch encodes them.
type stageTable struct {
	table   string
	columns []string
}

// Streams are all there are, in the order in which they are shown.
var Streams = []Stream{DemoUsage, UsageNew, UsageShares, Shares, ShareVisits, ShareDetails, UserAccess, CompanyContent}
