package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// defaultFile is the settings file in the working directory that is used if none is named.
const defaultFile = "schedules.yaml"

// read reads the settings file that --config names, or else the one that WHEELHOUSE_CONFIG names, or else schedules.yaml in
// the working directory, or else the built-in one (nil data).
func (l *loader) read() (name string, data []byte, ok bool) {
	if l.opts.BuiltIn {
		return builtIn, nil, true
	}
	name, by := l.opts.Config, "--config"
	if name == "" {
		name, by = l.variable("WHEELHOUSE_CONFIG"), "WHEELHOUSE_CONFIG"
	}
	path, named := name, name != ""
	if !named {
		name, path = defaultFile, filepath.Join(l.opts.Dir, defaultFile)
	}
	data, err := readAtMost(path, maxFile+1)
	switch {
	case err == nil:
		return name, data, true
	case !named && errors.Is(err, fs.ErrNotExist):
		return builtIn, nil, true
	case named:
		l.env(by, "read %s: %v: name a settings file, or none for the built-in one", quote(name), reason(err))
	default:
		l.at(Place{File: name}, "read: %v", reason(err))
	}
	return name, nil, false
}

// readAtMost reads the first bytes of a file. Without an error the data is never nil, even for an empty file.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// reason is err without the path, because the path may be a key that was pasted in the wrong place.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// maxSecret is far larger than any key or DSN.
const maxSecret = 16 << 10

// readSecret reads a secret from a file, without the line breaks at its end. Its errors show neither the path nor the
// content.
func readSecret(path string) (string, error) {
	data, err := readAtMost(path, maxSecret+1)
	if err != nil {
		return "", fmt.Errorf("cannot read the file it names: %w", reason(err))
	}
	if len(data) > maxSecret {
		return "", errors.New("the file it names is larger than 16 KiB: it should contain the secret and nothing else")
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
