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

// formats are the values that the schema names and cannot describe.
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
			return nil // the schema's type says so
		}
		_, err := parse(text)
		return err
	}
}

// schema is schedules.schema.json twice: to validate with, and to read its annotations from, which the validator drops.
type schema struct {
	compiled *jsonschema.Schema
	source   any
}

// theSchema panics on a broken schema. The tests compile it.
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
	return schema{c.MustCompile(address), source}
})

// at returns the part of the schema that a violation's address points to.
func (s schema) at(address string) map[string]any {
	part := s.source
	if u, err := url.Parse(address); err == nil {
		for step := range strings.SplitSeq(strings.TrimPrefix(u.Fragment, "/"), "/") {
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			switch parent := part.(type) {
			case map[string]any:
				if step != "" {
					part = parent[step]
				}
			case []any:
				i, _ := strconv.Atoi(step)
				part = parent[i]
			}
		}
	}
	object, _ := part.(map[string]any)
	return object
}

// validate reports each violation of the schema and takes the value out of d.
func (l *loader) validate(d *document) {
	var wrong *jsonschema.ValidationError
	if errors.As(theSchema().compiled.Validate(d.root), &wrong) {
		l.violation(d, wrong)
	}
}

// violation turns the validator's words into ours. The advice is the schema's errorMessage.
func (l *loader) violation(d *document, v *jsonschema.ValidationError) {
	part, at := theSchema().at(v.SchemaURL), v.InstanceLocation
	switch k := v.ErrorKind.(type) {
	case *kind.AnyOf:
		l.at(d.place(at...), "%s", advice(part))
		return // the value is an account: its other keys are still of use
	case *kind.Required:
		properties, _ := part["properties"].(map[string]any)
		for _, key := range k.Missing {
			property, _ := properties[key].(map[string]any)
			l.at(d.place(at...), "%s is missing: %s", key, advice(property))
		}
		return
	case *kind.AdditionalProperties:
		properties, _ := part["properties"].(map[string]any)
		for _, key := range k.Properties {
			l.at(d.keyPlace(at, key), "%s", unknown(key, slices.Sorted(maps.Keys(properties))))
			d.remove(append(slices.Clone(at), key))
		}
		return
	}
	if len(v.Causes) > 0 {
		for _, cause := range v.Causes {
			l.violation(d, cause)
		}
		return
	}
	switch k := v.ErrorKind.(type) {
	case *kind.Format:
		l.at(d.place(at...), "%v", k.Err)
	case *kind.Not:
		l.at(d.place(at...), "%s", advice(part))
	default:
		l.at(d.place(at...), "%s%s", said(d.value(at), part), advice(part))
	}
	d.remove(at)
}

func advice(part map[string]any) string {
	text, _ := part["errorMessage"].(string)
	return text
}

// said names a wrong value, unless the schema marks it as a possible secret or wants keys or a list there: such a text
// may be anything.
func said(value any, part map[string]any) string {
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

// unknown says what was probably meant by a key. A key that names a secret is told where secrets belong; its value is
// never looked at.
func unknown(key string, known []string) string {
	switch strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key)) {
	case "apikey", "key", "token", "secret", "password", "auth", "authorization", "crankwheelapikey":
		return quote(key) + ": a key is never written into this file: name the variable that holds it (api_key_env: ACME_API_KEY) or the file (api_key_file: /run/secrets/acme)"
	case "database", "databaseurl", "dsn", "postgres":
		return quote(key) + ": the database is never written into this file: set DATABASE_URL or DATABASE_URL_FILE, or the PG* variables"
	}
	if near := nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key %s: did you mean %q?", quote(key), near)
	}
	return fmt.Sprintf("unknown key %s: known are %s", quote(key), strings.Join(known, ", "))
}

// nearest returns the known word within a third of word's length, or "".
func nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	word = strings.ReplaceAll(strings.ToLower(word), "-", "_")
	best, least := "", max(1, len(word)/3)+1
	for _, candidate := range known {
		if d := distance(word, candidate); d < least {
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
