package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"posd/pos"
)

func options(path string) Options {
	return Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)}
}

func sameDay(open, closed pos.Date) pos.Date { return max(open, closed, "2026-11-20") }

func put(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A copy made while the counter sells is whole as of one instant, and the counter does not wait for it.
func TestBackupWhileSelling(t *testing.T) {
	s := open(t, register(t))
	dir := filepath.Join(t.TempDir(), "backup")
	for n := range 200 {
		s.must(t, sold(fmt.Sprint("before", n)))
	}
	stop := make(chan struct{})
	var selling sync.WaitGroup
	selling.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Append(context.Background(), sold(fmt.Sprint("s", n))); err != nil {
				t.Error(err)
				return
			}
		}
	})
	c, err := s.Backup(t.Context(), dir)
	close(stop)
	selling.Wait()
	if err != nil {
		t.Fatal(err)
	}
	v, err := Verify(t.Context(), c.Path, key)
	if err != nil || !v.Whole || v.Rows != c.Rows || v.Head != c.Head || c.Rows < 200 || c.Bytes == 0 {
		t.Errorf("%+v, %+v, %v", c, v, err)
	}
	info, err := os.Stat(c.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("beside the copy lies something: %v, %v", names, err)
	}
}

// What fails leaves nothing behind under a name that somebody would trust.
func TestBackupThatFails(t *testing.T) {
	path := register(t)
	s := open(t, path)
	s.must(t, sold("s1"), started("s1", "a1", "h"))
	dir := t.TempDir()
	if _, err := BackupFile(t.Context(), path, make([]byte, 32)[:31:31], dir); err == nil {
		t.Error("a copy whose chain does not fit the key was kept")
	}
	if _, err := BackupFile(t.Context(), path+".none", key, dir); err == nil {
		t.Error("a file that is not there was copied")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := BackupFile(gone, path, key, dir); err == nil {
		t.Error("nobody waits, and it was copied")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("debris: %v, %v", names, err)
	}
}

// The newest are kept; files of other names are nobody's business.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"register-20261118-043000.db", "register-20261119-043000.db", "register-20261120-043000.db", "register-old.db", "register.db", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 || left[1].Name() != "register-20261119-043000.db" {
		t.Errorf("%v, %v", left, err)
	}
	copies, err := Copies(dir)
	if err != nil || len(copies) != 2 || copies[0].At.Day() != 20 {
		t.Errorf("%v, %v", copies, err)
	}
	if err := Prune(dir, 0); err != nil {
		t.Fatal(err)
	}
	if copies, err := Copies(dir); err != nil || len(copies) != 1 {
		t.Errorf("not even one is left: %v, %v", copies, err)
	}
}

// A backup put in the register's place, an older file, another machine's, and a file that is gone: none is
// served, each says what it is, and a manager's word takes it into service with numbers of its own.
func TestRestoredFiles(t *testing.T) {
	for name, restore := range map[string]func(t *testing.T, path, backup, older string){
		"a backup":               func(t *testing.T, path, backup, _ string) { put(t, path, backup) },
		"an older copy, by hand": func(t *testing.T, path, _, older string) { put(t, path, older) },
		"a backup on a fresh machine": func(t *testing.T, path, backup, _ string) {
			put(t, path, backup)
			if err := os.Remove(path + ".mark"); err != nil {
				t.Fatal(err)
			}
		},
		"an older copy on a fresh machine": func(t *testing.T, path, _, older string) {
			put(t, path, older)
			if err := os.Remove(path + ".mark"); err != nil {
				t.Fatal(err)
			}
		},
		"nothing where there was a file": func(t *testing.T, path, _, _ string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := register(t)
			s := open(t, path)
			s.must(t, pos.Entry{Kind: pos.DayOpened}, sold("s1"), started("s1", "a1", "h"), event("s1", "a1", pos.Leave),
				pos.Entry{Kind: pos.KindOf(pos.Approve), Sale: "s1", Reference: "a1", Body: pos.Body{Theirs: "T", Paid: &pos.Paid{}}},
				pos.Entry{Kind: pos.RefundAsked, Sale: "s1", Reference: "f1", Body: pos.Body{Refund: "r1", Attempt: "a1", Amount: 1, Currency: "USD"}})
			c, err := s.Backup(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			older := filepath.Join(t.TempDir(), "older.db")
			put(t, older, path)
			s = open(t, path)
			s.must(t, pos.Entry{Kind: pos.DayClosed, Body: pos.Body{Z: 7}}, sold("s2"))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, side := range []string{"-wal", "-shm"} {
				if err := gone(path + side); err != nil {
					t.Fatal(err)
				}
			}
			restore(t, path, c.Path, older)
			if _, err := Open(t.Context(), options(path)); !errors.Is(err, ErrRestored) {
				t.Fatalf("it was served: %v", err)
			}
			now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
			found, err := Adopt(t.Context(), options(path), Adoption{By: "jdoe", Why: "the disk died", At: now, Day: sameDay})
			if err != nil {
				t.Fatal(err)
			}
			fresh, empty := strings.Contains(name, "fresh"), strings.HasPrefix(name, "nothing")
			if found.Generation != 1 || (!fresh && found.Z != 7) || (!empty && found.Lapsed != 1) {
				t.Errorf("%+v", found)
			}
			s = open(t, path)
			if err := s.Audit(t.Context()); err != nil {
				t.Error(err)
			}
			n, z, err := s.Generation(t.Context())
			if err != nil || n != 1 || z != found.Z {
				t.Errorf("generation %d, Z %d, %v", n, z, err)
			}
			if !empty {
				x, err := s.Sale(t.Context(), "s1")
				if err != nil || x.Refunds[0].State != pos.Withdrawn {
					t.Errorf("the refund that waited is %v, %v", x.Refunds, err)
				}
			}
			if err := s.Rebuild(t.Context()); err != nil {
				t.Error(err)
			}
			v, err := Verify(t.Context(), path, key)
			if err != nil || !v.Whole {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// A crash at any point of a backup leaves no half copy under a final name: the next one clears the rest up.
func TestHalfABackup(t *testing.T) {
	s := open(t, register(t))
	s.must(t, sold("s1"))
	dir := t.TempDir()
	half := filepath.Join(dir, copyPrefix+time.Now().UTC().Truncate(time.Second).Format(copyTime)+copySuffix+".half")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if copies, err := Copies(dir); err != nil || len(copies) != 0 {
		t.Errorf("half a copy counts as one: %v, %v", copies, err)
	}
	if _, err := s.Backup(t.Context(), dir); err != nil {
		t.Error(err)
	}
}

// Every row of the journal, from the live file, in order, with a head and a tail that agree.
func TestExport(t *testing.T) {
	path := register(t)
	s := open(t, path)
	for n := range 25 {
		s.must(t, sold(fmt.Sprint("s", n)))
	}
	var b strings.Builder
	told := int64(0)
	rows, err := Export(t.Context(), path, &b, ExportHead{Register: "NYC5AV-03", Store: "NYC5AV", Version: "1"}, func(n int64) { told = n })
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if err != nil || rows != 25 || len(lines) != 27 || !strings.Contains(lines[0], `"register":"NYC5AV-03"`) || !strings.Contains(lines[26], `"rows":25`) || told != 25 {
		t.Errorf("%d rows, %d lines, %v; told %d", rows, len(lines), err, told)
	}
	if !strings.Contains(lines[1], `"kind":"sale.opened"`) || !strings.Contains(lines[1], `"seq":1,`) {
		t.Error(lines[1])
	}
	if _, err := Export(t.Context(), path, broken{}, ExportHead{}, func(int64) {}); err == nil {
		t.Error("a full disk is not told")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
