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
	"wheelhouse/internal/testkit"
)

const head = "Content-Type: application/json\r\n"

// transports are the ways in which a body ends early. Each gets the whole body and how much of it came.
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

// silentCuts are the ways in which nothing but the JSON itself, or a chunk that does not come, tells of the cut.
var silentCuts = []string{"close", "short content length", "chunks without an end", "chunks with an end"}

// asked asks for one stream; log tells whether its answer was taken as complete.
type asked func(*testing.T, *extract.Client) (log string, err error)

func into[T any](ask func(*testing.T, *extract.Client, *books[T]) error) asked {
	return func(t *testing.T, c *extract.Client) (string, error) {
		out := &books[T]{}
		err := ask(t, c, out)
		return out.log, err
	}
}

// cutStreams are all the streams, each with the recorded answer that is cut.
var cutStreams = map[string]struct {
	recording string
	ask       asked
}{
	"demo_usage": {"demo_usage", into(func(t *testing.T, c *extract.Client, out *books[extract.DemoRequest]) error {
		_, _, err := c.DemoUsage(t.Context(), day, out, out.row)
		return err
	})},
	"usage_new": {"usage_new.2", into(func(t *testing.T, c *extract.Client, out *books[extract.Session]) error {
		_, err := c.UsageNew(t.Context(), day, unknown, out, out.row)
		return err
	})},
	"usage_shares": {"usage_shares.1", into(func(t *testing.T, c *extract.Client, out *books[extract.ShareUsage]) error {
		_, err := c.UsageShares(t.Context(), day, out, out.row)
		return err
	})},
	"shares": {"company_content.shares", into(func(t *testing.T, c *extract.Client, out *books[extract.Share]) error {
		_, err := c.Shares(t.Context(), day, out, out.row)
		return err
	})},
	"share_visits": {"company_content.shares.slug", into(func(t *testing.T, c *extract.Client, out *books[extract.ShareVisit]) error {
		_, err := c.ShareVisits(t.Context(), day, out, out.row, func(extract.WatchedShare) error { return nil })
		return err
	})},
	"share_details": {"share_details", into(func(t *testing.T, c *extract.Client, out *books[extract.ShareDetail]) error {
		_, err := c.ShareDetails(t.Context(), day, out, out.row)
		return err
	})},
	"user_access": {"user_access", into(func(t *testing.T, c *extract.Client, out *books[extract.User]) error {
		_, err := c.UserAccess(t.Context(), out, out.row)
		return err
	})},
	"company_content": {"company_content", into(func(t *testing.T, c *extract.Client, out *books[extract.Content]) error {
		_, err := c.CompanyContent(t.Context(), day, out, out.row)
		return err
	})},
}

// TestTruncationIsNeverAccepted cuts an answer of each stream at every byte, in every way that is silent, and
// here and there in the others: two records of what was recorded, or in the long tests all of it.
func TestTruncationIsNeverAccepted(t *testing.T) {
	list := fmt.Sprintf("HTTP/1.0 200 OK\r\n%s\r\n%s", head, recorded(t, "company_content.shares"))
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

// twoRecords is an answer with no more than two of its records, and without indentation.
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

// answering is a connection to a server that answers one request and hangs up.
func answering(answer func(request string) string) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		request := make([]byte, 8<<10) // the client writes a request at once
		n, err := theirs.Read(request)
		if err != nil {
			return
		}
		_, _ = io.WriteString(theirs, answer(string(request[:n]))) // a client that has seen enough hangs up first
	}()
	return ours
}
