package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// value is a node of the file with where it stands.
type value struct {
	node ast.Node
	place
}

func valueOf(file string, node ast.Node, path string) value {
	return value{node, placeOf(file, first(node), path)}
}

// first is the token a reader would point at: a mapping begins at its first key,
// not at the colon after it.
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

// null reports whether the value was left out: everything below it is commented.
func (v value) null() bool {
	_, is := v.node.(*ast.NullNode)
	return v.node == nil || is
}

// mapping returns the values of v by key, those of known only. The others, and
// keys that stand twice, are reported.
func (l *loader) mapping(v value, what string, known []string) map[string]value {
	var pairs []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		l.at(v.place, "%s: it holds keys, one a line, indented below it: %s", kindOf(v.node), strings.Join(known, ", "))
		return nil
	}
	entries := make(map[string]value, len(pairs))
	lines := make(map[string]int, len(pairs))
	for _, pair := range pairs {
		tk := pair.Key.GetToken()
		key := tk.Value
		at := placeOf(v.file, tk, v.path)
		if line, twice := lines[key]; twice {
			l.at(at, "the key %s stands here a second time (first in line %d): remove one", quote(key), line)
			continue
		}
		lines[key] = at.line
		if !slices.Contains(known, key) {
			l.unknown(at, what, key, known)
			continue
		}
		entries[key] = valueOf(v.file, pair.Value, join(v.path, key))
	}
	return entries
}

// unknown reports a key; one that names a secret gets told where secrets belong,
// and its value is never looked at.
func (l *loader) unknown(at place, what, key string, known []string) {
	switch strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key)) {
	case "apikey", "key", "token", "secret", "password", "auth", "authorization", "crankwheelapikey":
		l.at(at, "%s: a key is never written into this file: name the variable that holds it (api_key_env: ACME_API_KEY) or the file (api_key_file: /run/secrets/acme)", quote(key))
	case "database", "databaseurl", "dsn", "postgres":
		l.at(at, "%s: the database is never written into this file: set DATABASE_URL or DATABASE_URL_FILE, or the PG* variables", quote(key))
	default:
		l.at(at, "unknown %s %s: %s", what, quote(key), instead(key, known))
	}
}

// sequence returns the entries of a list.
func (l *loader) sequence(v value) []value {
	n, is := v.node.(*ast.SequenceNode)
	if !is {
		l.at(v.place, "%s: write a list, each entry behind a dash", kindOf(v.node))
		return nil
	}
	entries := make([]value, len(n.Values))
	for i, node := range n.Values {
		entries[i] = valueOf(v.file, node, fmt.Sprintf("%s[%d]", v.path, i))
	}
	return entries
}

// text returns a scalar written as text. A number is refused rather than taken
// for text: 010 and 1_0 would not come back as they were written.
func (l *loader) text(v value, example string) (string, bool) {
	if n, is := v.node.(*ast.StringNode); is {
		return n.Value, true
	}
	l.at(v.place, "%s: write text, such as %s", kindOf(v.node), example)
	return "", false
}

// boolean returns true or false and nothing that only looks like them.
func (l *loader) boolean(v value) *bool {
	if n, is := v.node.(*ast.BoolNode); is {
		return &n.Value
	}
	l.at(v.place, "%s: write true or false", kindOf(v.node))
	return nil
}

// number returns the digits of a plain decimal number.
func (l *loader) number(v value, example string) (string, bool) {
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return v.node.GetToken().Value, true
	}
	l.at(v.place, "%s: write a number, such as %s", kindOf(v.node), example)
	return "", false
}

// parsed reads a text with one of the parse functions; nil when it is wrong.
func parsed[T any](l *loader, v value, example string, parse func(string) (T, error)) *T {
	text, ok := l.text(v, example)
	if !ok {
		return nil
	}
	return checked(l, v.place, text, parse)
}

func checked[T any](l *loader, at place, text string, parse func(string) (T, error)) *T {
	result, err := parse(text)
	if err != nil {
		l.at(at, "%v", err)
		return nil
	}
	return &result
}

func kindOf(node ast.Node) string {
	switch node.(type) {
	case nil, *ast.NullNode:
		return "no value"
	case *ast.StringNode:
		return "text is wrong here"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number is wrong here"
	case *ast.BoolNode:
		return "true or false is wrong here"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys are wrong here"
	case *ast.SequenceNode:
		return "a list is wrong here"
	}
	return "wrong here"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
