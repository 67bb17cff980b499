# Removes a temporary server's folder once nobody needs it any more.
#
#   $1      the folder
#   stdin   a pipe that is never written to. The Go program, every runner.sh and
#           every PostgreSQL process hold its other side: its end means that the
#           last of them is gone.

trap '' HUP INT TERM
while read -r _; do :; done

# PostgreSQL frees its shared memory when it ends, and removes this file. Only a
# killed one leaves both; the second number of line 7 is the segment.
lock="$1/data/postmaster.pid"
if [ -s "$lock" ]; then
	set -- "$1" $(sed -n 7p "$lock")
	[ -z "$3" ] || ipcrm -m "$3"
fi
rm -rf -- "$1"
