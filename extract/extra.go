package extract

import (
	"github.com/go-json-experiment/json/jsontext"
)

// extra keeps the next value under a name the wire type does not know, canonically written.
func (d *decoder) extra(into *Extra, name []byte) error {
	key := cleanText(string(name)) // a name is valid until the next value is read
	raw, err := d.value()
	if err != nil {
		return err
	}
	canonical, err := Canonical(raw)
	if err != nil {
		return err
	}
	into.put(key, canonical)
	return nil
}

// Extra holds the members of a record that its wire type does not know, by name, each canonical JSON.
type Extra map[string]jsontext.Value

func (e *Extra) put(name string, v jsontext.Value) {
	if *e == nil {
		*e = Extra{}
	}
	(*e)[name] = v
}

// nest keeps the unknown members of a nested object under that object's name.
func (e *Extra) nest(name string, unknown Extra) {
	delete(*e, name)
	if len(unknown) > 0 {
		e.put(name, unknown.JSON())
	}
}

// JSON writes the members as one canonical object; nil when there are none.
func (e Extra) JSON() []byte {
	if len(e) == 0 {
		return nil
	}
	return appendMembers(nil, e)
}
