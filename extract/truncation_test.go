package extract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"wheelhouse/extract"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testkit"
)

const head = "Content-Type: application/json\r\n"

// transports are the ways in which a body can be cut off. Each gets the whole body, and how many bytes of it to send.
var transports = map[string]func(whole []byte, cut int) string{
	"close": func(whole []byte, cut int) string {
		return "HTTP/1.0 200 OK\r\n" + head + "\r\n" + string(whole[:cut])
	},
	"content length": func(whole []byte, cut int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(whole), whole[:cut])
	},
	"short content length": func(whole []byte, cut int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, cut, whole[:cut])
	},
	"chunks without an end": func(whole []byte, cut int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, max(cut, 1), whole[:max(cut, 1)])
	},
	"chunks with an end": func(whole []byte, cut int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, max(cut, 1), whole[:max(cut, 1)])
	},
	"gzip, close": func(whole []byte, cut int) string {
		packed := gzipped(whole)
		return "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n" + head + "\r\n" + string(packed[:len(packed)*cut/len(whole)])
	},
	"gzip of a cut body": func(whole []byte, cut int) string {
		return "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n" + head + "\r\n" + string(gzipped(whole[:cut]))
	},
}

// silentCuts are the transports that give no error: only the JSON, or a missing last chunk, shows the cut.
var silentCuts = []string{"close", "short content length", "chunks without an end", "chunks with an end"}

// asked asks for one stream. log is the log of its batch.
type asked func(*testing.T, *extract.Client) (log string, err error)

func into[T any](ask func(*testing.T, *extract.Client, *batch[T]) error) asked {
	return func(t *testing.T, c *extract.Client) (string, error) {
		out := &batch[T]{}
		err := ask(t, c, out)
		return out.log, err
	}
}

// cutStreams are all streams, each with the recorded answer that is cut off.
var cutStreams = map[string]struct {
	recording string
	ask       asked
}{
	"demo_usage": {"demo_usage", into(func(t *testing.T, c *extract.Client, out *batch[extract.DemoRequest]) error {
		_, _, err := c.DemoUsage(t.Context(), day, out, out.row)
		return err
	})},
	"usage_new": {"usage_new.2", into(func(t *testing.T, c *extract.Client, out *batch[extract.Session]) error {
		_, err := c.UsageNew(t.Context(), day, unknown, out, out.row)
		return err
	})},
	"usage_shares": {"usage_shares.1", into(func(t *testing.T, c *extract.Client, out *batch[extract.ShareUsage]) error {
		_, err := c.UsageShares(t.Context(), day, out, out.row)
		return err
	})},
	"shares": {"company_content.shares", into(func(t *testing.T, c *extract.Client, out *batch[extract.Share]) error {
		_, err := c.Shares(t.Context(), day, out, out.row)
		return err
	})},
	"share_visits": {"company_content.shares.slug", into(func(t *testing.T, c *extract.Client, out *batch[extract.ShareVisit]) error {
		_, err := c.ShareVisits(t.Context(), day, out, out.row, func(extract.WatchedShare) error { return nil })
		return err
	})},
	"share_details": {"share_details", into(func(t *testing.T, c *extract.Client, out *batch[extract.ShareDetail]) error {
		_, err := c.ShareDetails(t.Context(), day, out, out.row)
		return err
	})},
	"user_access": {"user_access", into(func(t *testing.T, c *extract.Client, out *batch[extract.User]) error {
		_, err := c.UserAccess(t.Context(), out, out.row)
		return err
	})},
	"company_content": {"company_content", into(func(t *testing.T, c *extract.Client, out *batch[extract.Content]) error {
		_, err := c.CompanyContent(t.Context(), day, out, out.row)
		return err
	})},
}

// TestTruncationIsNeverAccepted cuts off an answer of each stream: at every byte for silentCuts, at some 40 bytes for other
// transports. The answer has two records; the long tests use all that were recorded.
func TestTruncationIsNeverAccepted(t *testing.T) {
	list := fmt.Sprintf("HTTP/1.0 200 OK\r\n%s\r\n%s", head, recorded(t, "company_content.shares"))
	for _, name := range stream.Names() {
		if _, found := cutStreams[name]; !found {
			t.Errorf("add %s to cutStreams", name)
		}
	}
	for name, stream := range cutStreams {
		whole := bytes.TrimSpace(recorded(t, stream.recording))
		if !testkit.Long() {
			whole = twoRecords(t, whole)
		}
		for transport, text := range transports {
			step := 1
			if !slices.Contains(silentCuts, transport) {
				step = len(whole)/40 + 1
			}
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				var answer string
				c := client(t, "http://127.0.0.1", attempts(1))
				c.Dial(func() net.Conn {
					return answering(func(request string) string {
						if name == "share_visits" && strings.HasPrefix(request, "GET /ss/api/company_content/shares?") {
							return list
						}
						return answer
					})
				})
				for cut := 0; cut < len(whole); cut += step {
					answer = text(whole, cut)
					if log, err := stream.ask(t, c); err == nil || strings.Contains(log, "C") {
						t.Fatalf("cut at %d of %d: accepted (%s)", cut, len(whole), log)
					}
				}
			})
		}
	}
}

// twoRecords returns an answer with at most two of its records, and without indentation.
func twoRecords(t *testing.T, whole []byte) []byte {
	t.Helper()
	var answer any
	decoder := json.NewDecoder(bytes.NewReader(whole))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if list, ok := answer.([]any); ok {
		answer = list[:2]
	} else if list, ok := answer.(map[string]any)["sessions"].([]any); ok {
		answer.(map[string]any)["sessions"] = list[:min(2, len(list))]
	} else if list, ok := answer.(map[string]any)["shares"].([]any); ok {
		answer.(map[string]any)["shares"] = list[:2]
	}
	short, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// answering returns a connection to a server that answers one request and disconnects.
func answering(answer func(request string) string) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		request := make([]byte, 8<<10) // the client sends a request in one write
		n, err := theirs.Read(request)
		if err != nil {
			return
		}
		_, _ = io.WriteString(theirs, answer(string(request[:n]))) // fails where the client disconnects first
	}()
	return ours
}
