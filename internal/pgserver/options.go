package pgserver

// Options configure a Server. The zero value is a temporary server that trades
// durability for speed.
type Options struct {
	// Dir is the folder of the server's data. Close keeps it, and a later Start with
	// the same Dir uses the same data. Empty means a new temporary folder, which
	// Close removes.
	Dir string

	// Parent is the folder in which the temporary folder is made, if Dir is empty. Empty
	// means the system's folder for temporary files. It must be open to the server's user.
	Parent string

	// Bin is the folder of the programs postgres and initdb. Empty means the
	// environment's WHEELHOUSE_PG_BIN, and else a search.
	Bin string

	// Durable makes a commit survive a crash of the server and of the machine,
	// as in production. Otherwise fsync, synchronous_commit and full_page_writes
	// are off.
	Durable bool

	// Settings are more settings of postgresql.conf. They override the settings of
	// this package, except listen_addresses and port.
	Settings map[string]string

	// Notice, if not nil, is called with one line before something that takes long.
	Notice func(string)
}

func (o Options) notice(line string) {
	if o.Notice != nil {
		o.Notice(line)
	}
}
