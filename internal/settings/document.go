package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a settings file. The parser recurses and is quadratic in nesting, so
// they are checked on the tokens, before it runs. A hundred accounts with every
// stream overridden stay below all of them.
const (
	maxFile   = 1 << 20
	maxTokens = 50_000
	maxFlow   = 16 // nested [ and {
	maxDashes = 4  // "- - - -" on end
)

// document parses data to its one node; nil is an empty file or a problem.
func (l *loader) document(file string, data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(data) > maxFile {
		l.at(place{file: file}, "larger than 1 MiB: this is not a settings file")
		return nil
	}
	if at := invalid(data); at >= 0 {
		line, column := position(data[:at])
		l.at(place{file, line, column, ""}, "not UTF-8 text: save the file as UTF-8")
		return nil
	}
	tokens, err := tokenize(data)
	if err == nil {
		err = bounds(tokens)
	}
	if err != nil {
		l.syntax(file, err)
		return nil
	}
	f, err := parse(tokens)
	if err != nil {
		l.syntax(file, err)
		return nil
	}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			return doc.Body
		}
	}
	return nil
}

// invalid returns where data stops being text, or -1. A zero byte means UTF-16
// or no text at all.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || r == 0 {
			return i
		}
		i += size
	}
	return -1
}

func position(before []byte) (line, column int) {
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// errParser stands for a panic of the YAML library: a file must not be able to
// end the process.
var errParser = errors.New("cannot be read as YAML")

func tokenize(data []byte) (tokens token.Tokens, err error) {
	defer func() {
		if recover() != nil {
			err = errParser
		}
	}()
	return lexer.Tokenize(string(data)), nil
}

// parse leaves duplicated keys to the walk, which reports all of them.
func parse(tokens token.Tokens) (f *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errParser
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// refused are the parts of YAML that settings have no use for.
var refused = map[token.Type]string{
	token.AnchorType:     "anchors are not read: write the value out",
	token.AliasType:      `aliases are not read: write the value out, and a cron expression that begins with * in quotes ("*/15 * * * *")`,
	token.MergeKeyType:   "merge keys are not read: write the keys out",
	token.TagType:        "tags are not read: write the value alone",
	token.DirectiveType:  "directives are not read: remove the line",
	token.MappingKeyType: "a key is written as key: value, without the question mark",
	token.LiteralType:    "blocks of text are not read: write the value on one line",
	token.FoldedType:     "blocks of text are not read: write the value on one line",
}

// bounds checks tokens against the limits above and refuses what is not read.
func bounds(tokens token.Tokens) error {
	const tooMuch = "too large or too deeply nested for a settings file"
	if len(tokens) > maxTokens {
		return &yaml.SyntaxError{Message: tooMuch, Token: tokens[maxTokens]}
	}
	flow, dashes, content := 0, 0, false
	for _, tk := range tokens {
		if tk.Type == token.CommentType {
			continue
		}
		if tk.Type != token.SequenceEntryType {
			dashes = 0
		}
		if message, no := refused[tk.Type]; no {
			return &yaml.SyntaxError{Message: message, Token: tk}
		}
		switch tk.Type {
		case token.InvalidType:
			return &yaml.SyntaxError{Message: tk.Error, Token: tk}
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
		case token.DocumentHeaderType:
			if content {
				return &yaml.SyntaxError{Message: "a second document begins: a settings file has one", Token: tk}
			}
		}
		if flow > maxFlow || dashes > maxDashes {
			return &yaml.SyntaxError{Message: tooMuch, Token: tk}
		}
		content = true
	}
	return nil
}

// syntax reports err by its message alone. Its Error adds an excerpt of the file,
// which may show a key someone wrote there, and takes minutes on a hostile one.
func (l *loader) syntax(file string, err error) {
	where, message := place{file: file, line: 1, column: 1}, errParser.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		where = placeOf(file, at.GetToken(), "")
	}
	var wrong *yaml.SyntaxError
	if errors.As(err, &wrong) {
		message = wrong.Message
	}
	l.at(where, "%s", advise(message))
}

// advise adds to the parser's words what they usually mean here.
func advise(message string) string {
	message = strings.ReplaceAll(message, "\t", `\t`)
	switch {
	case message == "mapping value is not allowed in this context":
		message = "another key: begins inside this value"
	case strings.Contains(message, "tab character"), strings.Contains(message, `\t`):
		return message + ": indent with spaces"
	case strings.Contains(message, "reserved character"):
		return message + `: write the value in quotes (cron: "@daily")`
	case strings.Contains(message, "-quoted text"):
		return message + ": close the quotes"
	case strings.Contains(message, "not read"), strings.Contains(message, "settings file"),
		strings.Contains(message, "question mark"):
		return message
	}
	return fmt.Sprintf("not YAML: %s: check the indentation, and that each line is key: value", message)
}

func placeOf(file string, tk *token.Token, path string) place {
	if tk == nil || tk.Position == nil {
		return place{file: file, path: path}
	}
	return place{file, tk.Position.Line, tk.Position.Column, path}
}
