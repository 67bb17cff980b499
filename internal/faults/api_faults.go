package faults

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// fault is one way to answer wrongly.
type fault struct {
	name    string
	needsOK bool // only for a true answer of status 200
	once    bool // only once for each list
	serve   func(*reply)
}

// reply is a request with its true answer, and where to send a false one.
type reply struct {
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	silence time.Duration
}

// apiFaults are all faults of an API that are over when the request is repeated.
var apiFaults = []fault{
	{name: "429 Retry-After 0", serve: tooMany("0")},
	{name: "429 Retry-After 1", serve: tooMany("1")},
	{name: "429 Retry-After absent", serve: tooMany("")},
	{name: "429 Retry-After absurd", serve: tooMany("soon, I hope")},
	{name: "429 Retry-After a fraction", serve: tooMany("0.5")},
	{name: "429 Retry-After twice", serve: tooMany("0, 1s")},
	{name: "429 Retry-After a date", serve: func(r *reply) {
		tooMany(time.Now().Add(time.Second).UTC().Format(http.TimeFormat))(r)
	}},
	{name: "408", serve: status(http.StatusRequestTimeout)},
	{name: "500", serve: status(http.StatusInternalServerError)},
	{name: "502", serve: status(http.StatusBadGateway)},
	{name: "503", serve: status(http.StatusServiceUnavailable)},
	{name: "504", serve: status(http.StatusGatewayTimeout)},
	{name: "520", serve: status(520)},
	{name: "524", serve: status(524)},
	{name: "reset in the body", needsOK: true, serve: func(r *reply) { r.raw(r.length(), r.half(), true) }},
	{name: "short Content-Length", needsOK: true, serve: func(r *reply) { r.raw(r.length(), r.half(), false) }},
	{name: "cut off, close-delimited", needsOK: true, serve: func(r *reply) { r.raw("", r.half(), false) }},
	{name: "gzip cut off", needsOK: true, serve: (*reply).cutGzip},
	{name: "silence in the body", needsOK: true, serve: (*reply).silent},
	{name: "slow drip", needsOK: true, serve: (*reply).drip},
	{name: "200 truncated", needsOK: true, serve: func(r *reply) { r.send(jsonType, r.half()) }},
	{name: "200 empty", needsOK: true, serve: func(r *reply) { r.send(jsonType, nil) }},
	{name: "200 HTML", needsOK: true, serve: func(r *reply) { r.send("text/html", []byte(page)) }},
	{name: "200 HTML that says JSON", needsOK: true, serve: func(r *reply) { r.send(jsonType, []byte(page)) }},
	{name: "200 wrong content type", needsOK: true, serve: func(r *reply) { r.send("text/plain", r.body) }},
	{name: "200 something after", needsOK: true, serve: func(r *reply) { r.send(jsonType, append(bytes.Clone(r.body), "\n{}"...)) }},
	{name: "200 that states an error", needsOK: true, serve: (*reply).statedError},
	{name: "200 with a byte order mark", needsOK: true, serve: func(r *reply) { r.send(jsonType+",application/json", append([]byte("\ufeff"), r.body...)) }},
	{name: "wrong totals", needsOK: true, once: true, serve: (*reply).wrongTotals},
	{name: "a page that moved", needsOK: true, once: true, serve: (*reply).movedPage},
}

const (
	jsonType = "application/json; charset=utf-8"
	page     = "<html><body><h1>We'll be right back</h1></body></html>"
)

func tooMany(after string) func(*reply) {
	return func(r *reply) {
		if after != "" {
			r.w.Header().Set("Retry-After", after)
		}
		status(http.StatusTooManyRequests)(r)
	}
}

func status(code int) func(*reply) {
	return func(r *reply) {
		r.w.Header().Set("Content-Type", "text/html")
		r.w.WriteHeader(code)
		_, _ = r.w.Write([]byte(page))
	}
}

func (r *reply) send(contentType string, body []byte) {
	r.w.Header().Set("Content-Type", contentType)
	r.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = r.w.Write(body)
}

// half is the first half of the body. It is never valid JSON: an object or an array is still open.
func (r *reply) half() []byte { return r.body[:len(r.body)/2] }

func (r *reply) length() string { return fmt.Sprintf("Content-Length: %d\r\n", len(r.body)) }

// raw sends a response that net/http refuses to send.
func (r *reply) raw(headers string, body []byte, reset bool) {
	conn, _, err := http.NewResponseController(r.w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n%s\r\n%s", jsonType, headers, body)
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
}

func (r *reply) cutGzip() {
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	_, _ = zip.Write(r.body)
	_ = zip.Close()
	r.w.Header().Set("Content-Encoding", "gzip")
	r.send(jsonType, compressed.Bytes()[:compressed.Len()-9]) // the last block may be complete, but never the checksum
}

// silent sends half the body and then nothing, until the client gives up.
func (r *reply) silent() {
	r.w.Header().Set("Content-Type", jsonType)
	_, _ = r.w.Write(r.half())
	_ = http.NewResponseController(r.w).Flush()
	select {
	case <-r.r.Context().Done():
	case <-time.After(r.silence):
	}
	panic(http.ErrAbortHandler)
}

// drip sends the true answer in eight pieces, with pauses shorter than the client's idle timeout.
func (r *reply) drip() {
	r.w.Header().Set("Content-Type", jsonType)
	for i := range 8 {
		_, _ = r.w.Write(r.body[len(r.body)*i/8 : len(r.body)*(i+1)/8])
		_ = http.NewResponseController(r.w).Flush()
		time.Sleep(r.silence / 100)
	}
}

// wrongTotals adds one to the totals that the answer states.
func (r *reply) wrongTotals() {
	r.edit(func(answer map[string]any) {
		for _, member := range []string{"stats", "pagination"} {
			totals, _ := answer[member].(map[string]any)
			for _, total := range []string{"total_count", "total_plays", "total"} {
				if n, ok := totals[total].(json.Number); ok {
					n, _ := n.Int64()
					totals[total] = n + 1
				}
			}
		}
	})
}

// statedError sends the answer with an error and without rows. Instead of an answer that is an array, it sends the error alone.
func (r *reply) statedError() {
	if !bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("{")) {
		r.body = []byte("{}")
	}
	r.edit(func(answer map[string]any) {
		answer["error"] = "query timed out"
		for _, rows := range []string{"sessions", "data", "shares"} {
			if answer[rows] != nil {
				answer[rows] = []any{}
			}
		}
	})
}

// movedPage shows one row twice and another not at all, as a list does that changes while it is read.
func (r *reply) movedPage() {
	r.edit(func(answer map[string]any) {
		if rows, ok := answer["data"].([]any); ok && len(rows) > 1 {
			rows[0] = rows[len(rows)-1]
		}
	})
}

// edit sends a changed answer. An answer that is not an object is sent unchanged.
func (r *reply) edit(change func(map[string]any)) {
	d := json.NewDecoder(strings.NewReader(string(r.body)))
	d.UseNumber()
	var answer map[string]any
	if d.Decode(&answer) == nil {
		change(answer)
		r.body, _ = json.Marshal(answer)
	}
	r.send(jsonType, r.body)
}
