# Runs one PostgreSQL program and stops it when the Go program is gone.
#
#   $1      the signal to send then; the rest is the command
#   stdin   a pipe written by the Go program only. A line is the name of a signal
#           to send now; its end means that the Go program has died.
#   fd 3    where open: the pipe of guard.sh, kept open until the last process of
#           this server has ended

last=$1
shift
exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
(
	while read -r signal <&4; do
		kill -s "$signal" "$server"
	done
	# Again and again: what is sent before the server has set up its handlers is lost.
	tries=0
	while kill -s "$last" "$server" 2>/dev/null; do
		sleep 0.2 || sleep 1
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || last=KILL
	done
) &
listener=$!
wait "$server"
status=$?
kill -s KILL "$listener"
wait "$listener"
exit "$status"
