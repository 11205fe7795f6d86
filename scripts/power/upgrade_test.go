package power

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"posd/pos"
	"posd/store"
)

// The power goes at every write and sync of an upgrade of the last version's file, with its unfinished queue on it. The
// next start finishes it: no row and nothing that was owed is lost, and the copy of before is whole whenever the
// file has changed.
func TestUpgradeCut(t *testing.T) {
	disk, dir := mounted(t)
	for _, end := range []string{"", ".mark"} {
		b, err := os.ReadFile("../../store/testdata/register-3.db" + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "register.db"+end), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was := key
	key = make([]byte, 32)
	defer func() { key = was }()
	disk.Begin()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "register.db"), Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Entries(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	record, images, done := disk.Recorded(), scratch(t), 0
	at := record.Play()
	for more := true; more; more = at.Step() {
		for _, fate := range []Fate{Lost, Kept, Torn} {
			done++
			files := at.Image(fate, rand.New(rand.NewPCG(3, uint64(at.At))))
			into := filepath.Join(images, fmt.Sprint(done))
			put(t, into, files)
			if err := upgradedAgain(t, into, files, rows); err != nil {
				t.Fatalf("cut after operation %d of %d, %s: %v\n%s", at.At, len(record.Ops), fate, err, around(record.Ops, at.At))
			}
			if err := os.RemoveAll(into); err != nil {
				t.Fatal(err)
			}
		}
	}
	row(t, fmt.Sprintf("the power goes at every write and sync of an upgrade with an unfinished queue (%d operations)", len(record.Ops)), done, "nothing")
}

func upgradedAgain(t *testing.T, dir string, files map[string][]byte, rows []pos.Entry) error {
	for _, name := range []string{"register.db.upgrading-3", "register.db.schema-3"} {
		if _, ok := files[name]; !ok {
			continue
		}
		if v, err := store.Verify(t.Context(), filepath.Join(dir, name), key); err != nil || !v.Whole || v.Rows != int64(len(rows)) {
			return fmt.Errorf("the copy of before: %+v %w", v, err)
		}
	}
	path := filepath.Join(dir, "register.db")
	s, err := store.Open(t.Context(), store.Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	queue, err := s.Unfinished(t.Context())
	if err != nil || len(queue) != 2 {
		return fmt.Errorf("%d unfinished: %w", len(queue), err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if copies, err := store.BeforeUpgrades(path); err != nil || len(copies) != 1 || filepath.Base(copies[0].Path) != "register.db.schema-3" {
		return fmt.Errorf("the copy of before is not there: %v %w", copies, err)
	}
	return sound(path, knowledge{certain: rows})
}
