package settings

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"wheelhouse"
)

// formats checks the formats of values that the schema names but cannot describe.
var formats = map[string]func(any) error{
	"cron":     format(parseCron),
	"date":     format(parseDate),
	"listen":   format(parseListen),
	"log":      format(parseLog),
	"server":   format(parseServer),
	"timezone": format(parseZone),
}

func format[T any](parse func(string) (T, error)) func(any) error {
	return func(v any) error {
		text, is := v.(string)
		if !is {
			return nil // the type in the schema refuses it
		}
		_, err := parse(text)
		return err
	}
}

// schema is schedules.schema.json, compiled, and its parts by address. The parts are kept because the validator drops
// annotations.
type schema struct {
	*jsonschema.Schema
	parts map[string]map[string]any
}

// theSchema compiles the schema. It panics if the schema is invalid, which the tests exclude.
var theSchema = sync.OnceValue(func() schema {
	const address = "embedded:///schedules.schema.json"
	source, err := jsonschema.UnmarshalJSON(bytes.NewReader(wheelhouse.Schema))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	for name, validate := range formats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: validate})
	}
	if err := c.AddResource(address, source); err != nil {
		panic(err)
	}
	s := schema{c.MustCompile(address), map[string]map[string]any{}}
	s.index("", source)
	return s
})

func (s schema) index(address string, part any) {
	switch part := part.(type) {
	case map[string]any:
		s.parts[address] = part
		for key, below := range part {
			s.index(address+"/"+key, below)
		}
	case []any:
		for i, below := range part {
			s.index(fmt.Sprint(address, "/", i), below)
		}
	}
}

// at returns the part of the schema at an address, such as #/definitions/cron.
func (s schema) at(address string) map[string]any {
	_, fragment, _ := strings.Cut(address, "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	return s.parts[fragment]
}

// validate reports each violation of the schema, and removes the value from d.
func (l *loader) validate(d *document) {
	var wrong *jsonschema.ValidationError
	if errors.As(theSchema().Validate(d.root), &wrong) {
		l.violation(d, wrong)
	}
}

// violation turns an error of the validator into a problem, with the errorMessage of the schema as advice.
func (l *loader) violation(d *document, v *jsonschema.ValidationError) {
	at, part := v.InstanceLocation, theSchema().at(v.SchemaURL)
	n := d.nodes[id(at...)]
	properties, _ := part["properties"].(map[string]any)
	switch k := v.ErrorKind.(type) {
	case *kind.AnyOf: // an account is missing a key; its other keys are still checked
		l.at(n.at, "%s", advice(part))
	case *kind.Required:
		for _, key := range k.Missing {
			property, _ := properties[key].(map[string]any)
			l.at(n.at, "%s is missing: %s", key, advice(property))
		}
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			n := d.nodes[id(append(slices.Clone(at), key)...)]
			l.at(n.key, "%s", unknown(key, slices.Sorted(maps.Keys(properties))))
			n.remove()
		}
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range v.Causes {
			l.violation(d, cause)
		}
	case *kind.Format:
		l.at(n.at, "%v", k.Err)
		n.remove()
	case *kind.Not: // the stream or account cannot have the key
		l.at(n.at, "%s", advice(part))
		n.remove()
	default: // type, pattern, enum, const, minimum, maximum
		l.at(n.at, "%s%s", wrongValue(n.value, part), advice(part))
		n.remove()
	}
}

func advice(part map[string]any) string {
	text, _ := part["errorMessage"].(string)
	return text
}

// wrongValue describes a wrong value. It does not quote the value if the schema marks it as a possible secret or requires
// keys or a list, because such a text may be anything.
func wrongValue(value any, part map[string]any) string {
	if part["writeOnly"] == true {
		return ""
	}
	_, severalTypes := part["type"].([]any) // such as object or null
	switch v := value.(type) {
	case nil:
		return "no value: "
	case map[string]any:
		return "keys are wrong here: "
	case []any:
		return "a list is wrong here: "
	case string:
		value = quote(v)
	case float64:
		value = strconv.FormatFloat(v, 'f', -1, 64)
	}
	if severalTypes || part["type"] == "object" {
		return "a single value is wrong here: "
	}
	return fmt.Sprint(value, ": ")
}

// unknown is the advice for an unknown key: the known key that was probably meant. For a key that names a secret it says
// where secrets belong.
func unknown(key string, known []string) string {
	switch strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key)) {
	case "apikey", "key", "token", "secret", "password", "auth", "authorization", "crankwheelapikey":
		return quote(key) + ": a key is never written into this file: name its variable (api_key_env: ACME_API_KEY) or its file (api_key_file: /run/secrets/acme)"
	case "database", "databaseurl", "dsn", "postgres":
		return quote(key) + ": the database is never written into this file: set DATABASE_URL or DATABASE_URL_FILE, or the PG* variables"
	}
	if near := Nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key %s: did you mean %q?", quote(key), near)
	}
	return fmt.Sprintf("unknown key %s: the keys are %s", quote(key), strings.Join(known, ", "))
}

// Nearest returns the known word at the smallest Levenshtein distance, or "" if that is more than a third of word's length. Upper and lower
// case are equal, and so are - and _.
func Nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	best, least := "", max(1, len(word)/3)+1
	for _, candidate := range known {
		if d := distance(plain(word), plain(candidate)); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
