package power

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"posd/store"
)

// The same rows in the same commits, by the same driver, into the same schema, without the one word that
// makes a commit durable: a disk that did not notice would notice nothing. With the word nothing is lost.
func TestControlArm(t *testing.T) {
	p := play(t, func(c *counter) { c.day(2, false) })
	for synchronous, must := range map[string]func(lost, rounds int) bool{
		"NORMAL": func(lost, rounds int) bool { return lost*10 >= rounds*8 },
		"FULL":   func(lost, _ int) bool { return lost == 0 },
	} {
		lost, rounds := control(t, p, synchronous)
		if rounds < 200 || !must(lost, rounds) {
			t.Errorf("the run is void: synchronous=%s lost acknowledged rows in %d of %d rounds", synchronous, lost, rounds)
		}
		row(t, "control: the same rows written with synchronous="+synchronous+", the power goes after every write and sync", rounds, fmt.Sprintf("rows in %d rounds", lost))
	}
}

// control writes what a day has journaled once more, and counts the power cuts that lose some of it.
func control(t *testing.T, p played, synchronous string) (lost, rounds int) {
	t.Helper()
	disk, dir := mounted(t)
	path := filepath.Join(dir, "register.db")
	s, err := store.Open(t.Context(), store.Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	disk.Begin()
	marks, rows := rewrite(t, path, p, synchronous, disk.Mark)
	images := scratch(t)
	at := disk.Recorded().Play()
	for more := true; more; more = at.Step() {
		promised := int64(0)
		for n, mark := range marks {
			if mark <= at.At {
				promised = rows[n]
			}
		}
		if promised == 0 {
			continue
		}
		for _, fate := range []Fate{Lost, Torn} { // a disk that kept everything by luck shows nothing
			rounds++
			left, err := remaining(at.Image(fate, rand.New(rand.NewPCG(7, uint64(at.At)))), images)
			if err != nil || left < promised {
				lost++
			}
		}
	}
	return lost, rounds
}

// rewrite copies the journal of a day, commit by commit, and says where the disk's log stood after each.
func rewrite(t *testing.T, path string, p played, synchronous string, mark func() int) (marks []int, rows []int64) {
	t.Helper()
	from := t.TempDir()
	end := p.record.Play()
	for end.Step() {
	}
	put(t, from, end.Image(Kept, nil))
	db, err := sql.Open("sqlite3", "file:"+path+"?_foreign_keys=1&_txlock=immediate&_synchronous="+synchronous)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "ATTACH ? AS day", "file:"+filepath.Join(from, "register.db")+"?mode=ro&immutable=1"); err != nil {
		t.Fatal(err)
	}
	after := int64(0)
	for _, s := range p.steps {
		last := s.entries[len(s.entries)-1].Seq
		if _, err := db.ExecContext(t.Context(), "INSERT INTO journal SELECT * FROM day.journal WHERE seq > ? AND seq <= ? ORDER BY seq", after, last); err != nil {
			t.Fatal(err)
		}
		after = last
		marks, rows = append(marks, mark()), append(rows, last)
	}
	return marks, rows
}

func remaining(files map[string][]byte, images string) (rows int64, err error) {
	dir, err := os.MkdirTemp(images, "")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return 0, err
		}
	}
	v, err := store.Verify(context.Background(), filepath.Join(dir, "register.db"), key)
	if err == nil && !v.Whole {
		err = errors.New(v.Why)
	}
	return v.Rows, err
}
