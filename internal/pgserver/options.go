package pgserver

// Options say how a Server is to run. The zero value is a temporary server that
// trades durability for speed.
type Options struct {
	// Dir is the folder that holds the server's data; it is kept by Close, and a
	// later Start with the same Dir goes on with the same data. Empty means a
	// new temporary folder, removed by Close.
	Dir string

	// Bin is the folder of the programs postgres and initdb. Empty means the
	// environment's WHEELHOUSE_PG_BIN, and else a search.
	Bin string

	// Durable makes a commit survive a crash of the server and of the machine,
	// as in production. Otherwise fsync, synchronous_commit and full_page_writes
	// are off.
	Durable bool

	// Settings are further settings of postgresql.conf. They win over this
	// package's own, except listen_addresses and port.
	Settings map[string]string

	// Notice, if not nil, is told in one line what takes long.
	Notice func(string)
}

func (o Options) notice(line string) {
	if o.Notice != nil {
		o.Notice(line)
	}
}
