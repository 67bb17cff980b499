package extract

import (
	"github.com/go-json-experiment/json/jsontext"
)

// extra reads the value of a member that the wire type does not know, and keeps it in canonical form.
func (d *decoder) extra(into *Extra) error {
	key := d.exactName()
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

// Extra holds the members of a record that its wire type does not know: canonical JSON by exact name.
type Extra map[string]jsontext.Value

func (e *Extra) put(name string, v jsontext.Value) {
	if *e == nil {
		*e = Extra{}
	}
	(*e)[name] = v
}

// nest replaces what is kept under a nested object's name by that object's unknown members.
func (e *Extra) nest(name string, unknown Extra) {
	delete(*e, name)
	if len(unknown) > 0 {
		e.put(name, unknown.JSON())
	}
}

// JSON returns the members as one canonical object, or nil if there are none.
func (e Extra) JSON() []byte {
	if len(e) == 0 {
		return nil
	}
	return appendMembers(nil, e)
}
