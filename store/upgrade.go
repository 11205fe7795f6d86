package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kept is the name of the copy that is made beside the register file before a newer version changes it; the
// version of its schema follows.
const kept = ".schema-"

// keep copies the file as the version before left it, and proves the copy, before anything in it is changed: whoever
// must go back puts it in the place of the register file under the version that wrote it, and a manager adopts it.
// Only the newest such copy stays.
func (s *Store) keep(ctx context.Context, schema int64) error {
	if schema == 0 {
		return nil // a new file
	}
	c := Copy{Path: s.o.Path + kept + strconv.FormatInt(schema, 10), At: time.Now().UTC().Truncate(time.Second)}
	if err := provenInto(ctx, s.o.Path, s.o.Key, &c); err != nil {
		return fmt.Errorf("the copy before the upgrade, without which nothing is changed: %w", err)
	}
	s.o.Log.Info("copied before the upgrade", "file", filepath.Base(c.Path), "schema", schema, "rows", c.Rows, "bytes", c.Bytes)
	return nil
}

// forget removes the copies of upgrades before the last one.
func (s *Store) forget() {
	older, err := BeforeUpgrades(s.o.Path)
	for _, c := range older[min(1, len(older)):] {
		err = errors.Join(err, os.Remove(c.Path))
	}
	if err != nil {
		s.o.Log.Warn("copies before upgrades", "err", err)
	}
}

// BeforeUpgrades lists the copies that were made of a register file before it was upgraded, the newest schema first.
func BeforeUpgrades(path string) ([]Copy, error) {
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var copies []Copy
	schema := map[string]int{}
	for _, e := range names {
		version, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+kept)
		n, err := strconv.Atoi(version)
		if !ok || err != nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		at := filepath.Join(filepath.Dir(path), e.Name())
		schema[at] = n
		copies = append(copies, Copy{Path: at, Bytes: info.Size(), At: info.ModTime().UTC()})
	}
	slices.SortFunc(copies, func(a, b Copy) int { return cmp.Compare(schema[b.Path], schema[a.Path]) })
	return copies, nil
}
