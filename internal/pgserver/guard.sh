# Removes a temporary server's folder once no process uses it.
#
#   $1      the folder
#   stdin   a pipe that is never written to. The Go program, every runner.sh and
#           every PostgreSQL process keep its write end open: the pipe closes when
#           the last of them has ended.

trap '' HUP INT TERM
while read -r _; do :; done

# PostgreSQL frees its shared memory and removes this file when it ends. A killed
# one leaves both. The second number of line 7 is the segment.
lock="$1/data/postmaster.pid"
if [ -s "$lock" ]; then
	set -- "$1" $(sed -n 7p "$lock")
	[ -z "$3" ] || ipcrm -m "$3"
fi
rm -rf -- "$1"
