# Runs one PostgreSQL program, and stops it when the Go program has ended.
#
#   $1      the signal to send then; the other arguments are the command
#   stdin   a pipe from the Go program. Each line is the name of a signal to send
#           now. The pipe closes when the Go program ends.
#   fd 3    if open, the pipe of guard.sh. It stays open until the last process of
#           this server has ended.

last=$1
shift
exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
(
	while read -r signal <&4; do
		kill -s "$signal" "$server"
	done
	# Repeat the signal: it is lost if the server has not installed its handlers yet.
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
