package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a settings file. They are checked on the tokens, before the parser runs: the parser is recursive, and its time
// grows with the square of the nesting. A hundred accounts that override every stream stay below all bounds.
const (
	maxFile   = 1 << 20
	maxTokens = 50_000
	maxFlow   = 16 // nested [ and {
	maxDashes = 4  // "- - - -" on one line
)

// document is a settings file: a tree of JSON values, and the place of each node.
type document struct {
	file  string
	root  any // map[string]any, []any, string, float64, bool or nil
	nodes map[string]node
}

// node is a value of the tree.
type node struct {
	key, at Place // of the key and of the value
	value   any
	remove  func() // removes the node from the tree
}

// id is a location in the tree, as the key of document.nodes.
func id(location ...string) string { return strings.Join(location, "\x00") }

// place is the place of the value at location. Its line is 0 if there is no value.
func (d *document) place(location ...string) Place {
	if n, found := d.nodes[id(location...)]; found {
		return n.at
	}
	return Place{File: d.file}
}

// merge merges over into base, key by key. A null leaves base unchanged.
func merge(base, over any) any {
	b, isMap := base.(map[string]any)
	o, areMaps := over.(map[string]any)
	switch {
	case over == nil:
		return base
	case !isMap || !areMaps:
		return over
	}
	merged := make(map[string]any, len(b)+len(o))
	for key, value := range b {
		merged[key] = value
	}
	for key, value := range o {
		merged[key] = merge(b[key], value)
	}
	return merged
}

// decode fills target with a tree that the schema accepts.
func decode(tree, target any) error {
	data, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, target)
}

// document parses data; nil after a problem. A file of comments is an empty tree.
func (l *loader) document(file string, data []byte) *document {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(data) > maxFile {
		l.at(Place{File: file}, "larger than 1 MiB: this is not a settings file")
		return nil
	}
	if at := invalid(data); at >= 0 {
		start := bytes.LastIndexByte(data[:at], '\n') + 1
		line, column := bytes.Count(data[:at], []byte("\n"))+1, utf8.RuneCount(data[start:at])+1
		l.at(Place{file, line, column, ""}, "not UTF-8 text: save the file as UTF-8")
		return nil
	}
	root, err := parse(data)
	if err != nil {
		l.syntax(file, err)
		return nil
	}
	d := &document{file: file, nodes: map[string]node{}}
	d.root = l.tree(d, root, node{remove: func() { d.root = nil }}, nil, "")
	return d
}

// invalid is the position at which data is not UTF-8 text, or -1. A zero byte means UTF-16 or binary data.
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

// errParser replaces a panic of the YAML library: no file may end the process.
var errParser = errors.New("cannot be read as YAML")

// parse returns the root node of the file, or nil for an empty file. It accepts duplicate keys: tree reports all of them.
func parse(data []byte) (root ast.Node, err error) {
	defer func() {
		if recover() != nil {
			root, err = nil, errParser
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := bounds(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			return doc.Body, nil
		}
	}
	return nil, nil
}

// number is a decimal number that YAML and JSON read alike. 010, 1_0 and .nan stay text.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)?(\.[0-9]+)?$`)

// tree converts a node and everything below it to values, and records their places. It reports duplicate keys.
func (l *loader) tree(d *document, from ast.Node, n node, location []string, path string) (value any) {
	n.at = placeOf(d.file, first(from), path)
	defer func() {
		n.value = value
		d.nodes[id(location...)] = n
	}()
	var pairs []*ast.MappingValueNode
	switch from := from.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.StringNode:
		return from.Value
	case *ast.BoolNode:
		return from.Value
	case *ast.SequenceNode:
		entries := make([]any, len(from.Values))
		for i, entry := range from.Values {
			below := append(location[:len(location):len(location)], strconv.Itoa(i))
			entries[i] = l.tree(d, entry, node{remove: func() { entries[i] = nil }}, below, fmt.Sprintf("%s[%d]", path, i))
		}
		return entries
	case *ast.MappingNode:
		pairs = from.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{from}
	default:
		text := from.GetToken().Value
		if f, err := strconv.ParseFloat(text, 64); err == nil && number.MatchString(text) {
			return f
		}
		return text
	}
	mapping := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		below := append(location[:len(location):len(location)], key)
		at := placeOf(d.file, pair.Key.GetToken(), path)
		if before, twice := d.nodes[id(below...)]; twice {
			l.at(at, "the key %s is here a second time (first in line %d): remove one", quote(key), before.key.Line)
			continue
		}
		mapping[key] = l.tree(d, pair.Value, node{key: at, remove: func() { delete(mapping, key) }}, below, strings.TrimPrefix(path+"."+key, "."))
	}
	return mapping
}

// first is the token at which a node begins for a reader: for a mapping its first key, not the colon after that key.
func first(node ast.Node) *token.Token {
	switch n := node.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return node.GetToken()
}

func placeOf(file string, tk *token.Token, path string) Place {
	if tk == nil || tk.Position == nil {
		return Place{File: file, Path: path}
	}
	return Place{file, tk.Position.Line, tk.Position.Column, path}
}

// refused is the features of YAML that settings do not allow.
var refused = map[token.Type]string{
	token.AnchorType:     "anchors are not allowed: write the value out",
	token.AliasType:      `aliases are not allowed: write the value out, and a cron expression that begins with * in quotes ("*/15 * * * *")`,
	token.MergeKeyType:   "merge keys are not allowed: write the keys out",
	token.TagType:        "tags are not allowed: write the value alone",
	token.DirectiveType:  "directives are not allowed: remove the line",
	token.MappingKeyType: "a key is written as key: value, without the question mark",
	token.LiteralType:    "blocks of text are not allowed: write the value on one line",
	token.FoldedType:     "blocks of text are not allowed: write the value on one line",
}

// refusal is an error for a feature of YAML that settings do not allow.
type refusal struct {
	message string
	*token.Token
}

func (r refusal) Error() string { return r.message }

// bounds checks tokens against the bounds above, and refuses features of YAML that settings do not allow.
func bounds(tokens token.Tokens) error {
	const tooMuch = "too large or too deeply nested for a settings file"
	if len(tokens) > maxTokens {
		return refusal{tooMuch, tokens[maxTokens]}
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
			return refusal{message, tk}
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
				return refusal{"a second document begins: a settings file has one", tk}
			}
		}
		if flow > maxFlow || dashes > maxDashes {
			return refusal{tooMuch, tk}
		}
		content = true
	}
	return nil
}

// syntax reports only the message of err. The Error method of the library's errors adds an excerpt of the file, which may
// show a key that somebody wrote there, and which takes minutes for a hostile file.
func (l *loader) syntax(file string, err error) {
	var no refusal
	var wrong *yaml.SyntaxError
	var at yaml.Error
	switch {
	case errors.As(err, &no):
		l.at(placeOf(file, no.Token, ""), "%s", no.message)
	case errors.As(err, &wrong):
		l.at(placeOf(file, wrong.Token, ""), "%s", remedy(wrong.Message))
	case errors.As(err, &at):
		l.at(placeOf(file, at.GetToken(), ""), "%s", remedy(errParser.Error()))
	default:
		l.at(Place{File: file, Line: 1, Column: 1}, "%s", remedy(errParser.Error()))
	}
}

// remedy adds the usual remedy to a message of the parser.
func remedy(message string) string {
	message = strings.ReplaceAll(message, "\t", `\t`)
	switch {
	case message == "mapping value is not allowed in this context":
		message = "another key: begins inside this value"
	case strings.Contains(message, `\t`), strings.Contains(message, "tab character"):
		return message + ": indent with spaces"
	case strings.Contains(message, "reserved character"):
		return message + `: write the value in quotes (cron: "@daily")`
	case strings.Contains(message, "-quoted text"):
		return message + ": close the quotes"
	}
	return fmt.Sprintf("not YAML: %s: check the indentation, and that each line is key: value", message)
}
