package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Settings, and structs with secrets in all forms, are printed, logged and marshalled in all ways.
func TestSecretsNeverShow(t *testing.T) {
	s := mustLoad(t, options(three()), "")
	key := s.Accounts[0].APIKey
	type private struct {
		key     Secret
		account Account
		keys    []Secret
	}
	things := map[string]any{
		"settings": *s, "pointer": s, "account": s.Accounts[0], "accounts": s.Accounts, "key": key, "key pointer": &key,
		"private": private{key, s.Accounts[0], []Secret{key}}, "map": map[string]Secret{"key": key},
		"exported": struct{ Key, Empty Secret }{Key: key}, "settings in a struct": struct{ S *Settings }{s}, "private settings": struct{ s Settings }{*s},
	}
	for name, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%10v", "%w"} {
			if (verb == "%p" || verb == "%w") && (name == "settings" || name == "pointer") {
				continue // not verbs for printing: fmt then asks no method
			}
			hidden(t, name+" "+verb, fmt.Sprintf(verb, thing))
		}
		if text, err := json.Marshal(thing); err == nil {
			hidden(t, name+" json", string(text))
		} else {
			t.Errorf("%s json: %v", name, err)
		}
		if text, err := yaml.Marshal(thing); err == nil {
			hidden(t, name+" yaml", string(text))
		} else {
			t.Errorf("%s yaml: %v", name, err)
		}
		hidden(t, name+" reflect", fmt.Sprint(reflect.ValueOf(thing)))
		for _, encoder := range []zapcore.Encoder{
			zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
		} {
			line, err := encoder.EncodeEntry(zapcore.Entry{}, []zapcore.Field{zap.Any("thing", thing)})
			if err != nil {
				t.Fatal(err)
			}
			hidden(t, name+" zap", line.String())
		}
	}
	hidden(t, "rows", fmt.Sprintf("%+v", s.Describe(now, 1)))
	if got := fmt.Sprintf("%v %#v %s", key, key, Secret{}); got != "*** *** ***" {
		t.Errorf("a secret prints as %s", got)
	}
	if (Secret{}).Reveal() != "" || NewSecret("a").Reveal() != "a" {
		t.Error("Reveal")
	}
}

func hidden(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) || strings.Contains(text, fmt.Sprintf("%X", canary)) {
		t.Errorf("%s shows the secret: %s", what, text)
	}
}
