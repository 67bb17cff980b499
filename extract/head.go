package extract

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// errCharset means that the answer is in a charset that the client does not read. Its texts would be wrong if they were read as UTF-8.
var errCharset = errors.New("only UTF-8 is read")

// checkType checks the content type that an answer declares: JSON in UTF-8, or in US-ASCII, whose bytes are the same in UTF-8. Proxies
// may double the type, leave a parameter without a value, or change the case. A doubled type is accepted if it is JSON each time.
func checkType(h http.Header) error {
	types := listed(h, "Content-Type")
	if len(types) == 0 {
		return errors.New("the answer has no content type; it should be JSON")
	}
	for _, t := range types {
		kind, parameters := t, ""
		if i := strings.IndexAny(t, "; \t"); i >= 0 {
			kind, parameters = t[:i], t[i:]
		}
		if kind = strings.ToLower(kind); kind != "application/json" && kind != "text/json" && !strings.HasSuffix(kind, "+json") {
			return fmt.Errorf("the content type is %s, not JSON", token(kind))
		}
		for _, p := range split(parameters, ';') {
			name, value, _ := strings.Cut(p, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "charset") {
				continue
			}
			switch charset := strings.ToLower(strings.Trim(value, " \t\"'")); charset {
			case "", "utf-8", "utf8", "us-ascii", "ascii":
			default:
				return fmt.Errorf("the charset of the answer is %s: %w", token(charset), errCharset)
			}
		}
	}
	return nil
}

// isGzip tells whether an answer declares that its body is compressed with gzip. Words that mean no encoding are accepted, and so is the
// charset, which some servers write into this header. Any other encoding was not asked for, and is an error.
func isGzip(h http.Header) (packed bool, err error) {
	for _, encoding := range listed(h, "Content-Encoding") {
		switch encoding = strings.ToLower(encoding); encoding {
		case "identity", "none", "utf-8", "utf8":
		case "gzip", "x-gzip":
			if packed {
				return false, errors.New("the content encoding is gzip twice, which was not asked for")
			}
			packed = true
		default:
			return false, fmt.Errorf("the content encoding is %s, which was not asked for", token(encoding))
		}
	}
	return packed, nil
}

// listed returns the values of a header that may hold a list, or come several times. Empty values are left out.
func listed(h http.Header, name string) []string {
	return split(strings.Join(h.Values(name), ","), ',')
}

// split cuts a header's text at each separator outside of quotes. It leaves out white space around the parts, and empty parts.
func split(text string, separator rune) (parts []string) {
	quoted := false
	for _, part := range strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == separator && !quoted
	}) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

var headerWord = regexp.MustCompile(`^[a-z][a-z0-9/+._:-]{0,59}$`)

// token returns a word of a header for use in an error. Any other text, or one longer than 60 bytes, becomes an ellipsis, because it may
// hold anything.
func token(text string) string {
	if !headerWord.MatchString(text) {
		return "…"
	}
	return text
}
