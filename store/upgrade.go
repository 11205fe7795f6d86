package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The copy that is made beside the register file before a newer version changes it is called so, with the version of its
// schema behind, while the upgrade goes on and after it.
const (
	upgrading = ".upgrading-"
	kept      = ".schema-"
)

// keep copies the file as the version before left it, and proves the copy, before anything in it is changed: whoever
// must go back puts it in the place of the register file under the version that wrote it, and a manager adopts it. An
// upgrade that was cut in the middle has its copy, and the file is no version's any more.
func (s *Store) keep(ctx context.Context, schema int64) error {
	if schema == 0 {
		return nil // a new file
	}
	begun, err := copiesOf(s.o.Path, upgrading)
	if err != nil {
		return err
	}
	for _, c := range begun {
		if c.schema < schema {
			return nil
		}
	}
	c := Copy{Path: s.o.Path + upgrading + strconv.FormatInt(schema, 10), At: time.Now().UTC().Truncate(time.Second)}
	if err := provenInto(ctx, s.o.Path, s.o.Key, &c); err != nil {
		return fmt.Errorf("the copy before the upgrade, without which nothing is changed: %w", err)
	}
	s.o.Log.Info("copied before the upgrade", "file", filepath.Base(c.Path), "schema", schema, "rows", c.Rows, "bytes", c.Bytes)
	return nil
}

// upgraded gives the copy of an upgrade that is done its lasting name, and removes those of upgrades before.
func (s *Store) upgraded() {
	done, err := copiesOf(s.o.Path, upgrading)
	if err == nil && len(done) == 0 {
		return
	}
	older, before := copiesOf(s.o.Path, kept)
	err = errors.Join(err, before)
	for _, c := range older {
		err = errors.Join(err, os.Remove(c.Path))
	}
	for _, c := range done {
		err = errors.Join(err, os.Rename(c.Path, s.o.Path+kept+strconv.FormatInt(c.schema, 10)))
	}
	if err = errors.Join(err, synced(filepath.Dir(s.o.Path))); err != nil {
		s.o.Log.Warn("copies before upgrades", "err", err)
	}
}

// BeforeUpgrades lists the copies that were made of a register file before it was upgraded: one, but in the middle of
// an upgrade.
func BeforeUpgrades(path string) ([]Copy, error) {
	during, err := copiesOf(path, upgrading)
	if err != nil {
		return nil, err
	}
	after, err := copiesOf(path, kept)
	var copies []Copy
	for _, c := range append(during, after...) {
		copies = append(copies, c.Copy)
	}
	return copies, err
}

type schemaCopy struct {
	Copy
	schema int64
}

func copiesOf(path, word string) (copies []schemaCopy, err error) {
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, e := range names {
		version, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+word)
		schema, err := strconv.ParseInt(version, 10, 64)
		if !ok || err != nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		copies = append(copies, schemaCopy{Copy{Path: filepath.Join(filepath.Dir(path), e.Name()), Bytes: info.Size(), At: info.ModTime().UTC()}, schema})
	}
	return copies, nil
}
