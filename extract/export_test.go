package extract

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
)

// Dial makes the client get its connections from dial instead of the network.
func (c *Client) Dial(dial func() net.Conn) {
	c.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return dial(), nil }
}

func ParseInstant(s string) Instant { return parseInstant([]byte(s)) }

// AnyInstant is ParseInstant without its fast path.
var AnyInstant = anyInstant

var ParseRetryAfter = parseRetryAfter

func answerOf(body []byte) *answer {
	return &answer{body: &bodyReader{Reader: bytes.NewReader(body), limit: 1 << 30, packed: &idleReader{}}}
}

// decode reads a JSON array of records as if it were an answer. Without a server, fuzzing is a hundred times as fast.
func decode[T any](body []byte, one func(*decoder, *T) error, row func(Record[T]) error) error {
	return answerOf(body).readAll(func(a *answer) error { return records(a, "$", one, row) })
}

func DecodeDemoRequests(b []byte, row func(Record[DemoRequest]) error) error {
	return decode(b, (*decoder).demoRequest, row)
}

func DecodeSessions(b []byte, row func(Record[Session]) error) error {
	return decode(b, (*decoder).session, row)
}

func DecodeShareUsages(b []byte, row func(Record[ShareUsage]) error) error {
	return decode(b, (*decoder).shareUsage, row)
}

func DecodeShares(b []byte, row func(Record[Share]) error) error {
	return decode(b, (*decoder).share, row)
}

func DecodeShareVisits(b []byte, row func(Record[ShareVisit]) error) error {
	return decode(b, (*decoder).shareVisit, row)
}

func DecodeShareDetails(b []byte, row func(Record[ShareDetail]) error) error {
	return decode(b, (*decoder).shareDetail, row)
}

func DecodeUsers(b []byte, row func(Record[User]) error) error {
	return decode(b, (*decoder).user, row)
}

func DecodeContents(b []byte, row func(Record[Content]) error) error {
	return decode(b, (*decoder).content, row)
}

// DecodeUsageNew reads a whole answer of usage_new.
func DecodeUsageNew(body []byte, row func(Record[Session]) error) error {
	return answerOf(body).readAll(func(a *answer) error { return a.usageNew(&totals{}, row) })
}

// DecodeOneAtATime makes places for one decoder until the test ends, as on a machine with two cores.
func DecodeOneAtATime(t testing.TB) {
	free := decoding.free
	decoding.free = 1
	t.Cleanup(func() { decoding.free = free })
}

// OneWaitsForItsTurn tells whether an answer waits to be decoded.
func OneWaitsForItsTurn() bool {
	decoding.mu.Lock()
	defer decoding.mu.Unlock()
	return len(decoding.waiting) > 0
}
