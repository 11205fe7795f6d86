package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posd/pos"
)

// How many bytes of each page are flipped, and at how many places within it the file is cut; scripts/soak asks for more.
var damages = flag.Int("damages", 1, "places in each page of a register file that are damaged")

// shelved is a register file as it lies on the disk: what a machine wrote, by the end of the file's name.
type shelved struct {
	files  map[string][]byte
	answer string
	before string // the answers before the last commit
}

// sides are the files that make a register's journal.
var sides = []string{"", "-wal", ".mark"}

// shelve writes the history of some days. open leaves the file as a crash does: its last rows are in its log.
func shelve(t *testing.T, seed uint64, steps int, crashed bool) shelved {
	t.Helper()
	path := register(t)
	s := open(t, path)
	all := week(seed, steps)
	s.must(t, all[:len(all)*2/3]...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	before := ""
	for _, e := range all[len(all)*2/3:] {
		before = answers(t, s)
		s.must(t, e)
	}
	x := shelved{files: map[string][]byte{}, answer: answers(t, s), before: before}
	if !crashed {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, side := range sides {
		if b, err := os.ReadFile(path + side); err == nil && len(b) > 0 {
			x.files[side] = b
		}
	}
	return x
}

// answers is everything that a register is ever asked, as one text. A question that is not answered says why.
func answers(t *testing.T, s *Store) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	said := &strings.Builder{}
	tell := func(what any, err error) {
		b, encoding := json.Marshal(what)
		fmt.Fprintln(said, string(b), errors.Join(err, encoding))
	}
	entries, err := s.Entries(ctx, 0, 100_000)
	tell(entries, err)
	for _, e := range entries {
		if e.Kind == pos.SaleOpened {
			x, err := s.Sale(ctx, e.Sale)
			tell(x, err)
		}
		if e.Reference != "" {
			x, err := s.SaleOf(ctx, e.Reference)
			tell(x.ID, err)
		}
		if e.Body.Key != "" {
			first, ok, err := s.Request(ctx, e.Body.Key)
			tell(first.Seq, err)
			tell(ok, nil)
		}
		if e.Body.CodeHash != "" {
			used, err := s.CodeUsed(ctx, e.Body.CodeHash)
			tell(used, err)
		}
	}
	for _, ask := range []func(context.Context) ([]pos.Sale, error){s.Pressing, s.Unfinished, s.Idle} {
		list, err := ask(ctx)
		tell(list, err)
	}
	for _, left := range []bool{false, true} {
		list, err := s.Refunds(ctx, left, 0, maxPage)
		tell(list, err)
	}
	backlog, err := s.Backlog(ctx)
	tell(backlog, err)
	days, err := s.Days(ctx, maxPage)
	tell(days, err)
	for _, d := range days {
		of, err := s.DayEntries(ctx, d.Day)
		tell(len(of), err)
	}
	sales, _, err := s.Sales(ctx, pos.SaleFilter{Limit: maxPage})
	tell(sales, err)
	return said.String()
}

// put lays the files into a folder of their own.
func (x shelved) put(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "register.db")
	for side, b := range x.files {
		if err := os.WriteFile(path+side, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// but is the same with one file changed; nil is a file that is not there.
func (x shelved) but(side string, b []byte) shelved {
	files := map[string][]byte{}
	for s, was := range x.files {
		files[s] = was
	}
	if files[side] = b; b == nil {
		delete(files, side)
	}
	return shelved{files, x.answer, x.before}
}

// outcome is what a damage came to.
type outcome string

const (
	served   outcome = "served, nothing lost"
	refused  outcome = "refused at the start"
	audited  outcome = "found by the audit"
	powerCut outcome = "the last commit lost, as in a power cut"
	silent   outcome = "SILENT"
)

// tries starts a register on damaged files and says what came of it. With nothing lost or refused in a sentence it is
// well; what is refused is left as it was. A bit of the schema's number makes it look like a newer version's.
func (x shelved) tries(t *testing.T, what string) outcome {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) // thousands of them would fill the disk
	path := x.put(t, dir)
	s, err := Open(t.Context(), Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		for side, b := range x.files {
			if after, readErr := os.ReadFile(path + side); readErr != nil || !bytes.Equal(after, b) {
				t.Errorf("%s: %v, and %q is not what it was: %v", what, err, side, readErr)
			}
		}
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrRestored) && !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "register.db") {
			t.Errorf("%s: %v", what, err)
		}
		return refused
	}
	defer s.Close()
	switch answers(t, s) {
	case x.answer:
		return served
	case x.before:
		return powerCut // a log that ends before its end: nothing tells it from a commit that was on its way
	}
	if err := s.Audit(t.Context()); err == nil {
		t.Errorf("%s: served with other answers, and the audit finds nothing", what)
		return silent
	} else if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "register.db") {
		t.Errorf("%s: %v", what, err)
	}
	return audited
}

// A disk that rots, a copy that was cut short, a file that was put in another's place: whatever becomes of a register
// file while nobody looks, the register serves with nothing lost, or says in one sentence what is wrong and touches
// nothing. What no start can see is found by the audit that runs behind it.
func TestDamageAtRest(t *testing.T) {
	mean := rand.New(rand.NewPCG(3, 3))
	closed, crashed := shelve(t, 1, 150, false), shelve(t, 1, 150, true)
	if crashed.files["-wal"] == nil || closed.files["-wal"] != nil {
		t.Fatal("no log, or one that was not expected")
	}
	cut := func(x shelved, side string) (list []shelved) {
		b := x.files[side]
		for page := 0; page < len(b); page += pageSize {
			list = append(list, x.but(side, b[:page]))
			for range *damages {
				list = append(list, x.but(side, b[:min(len(b)-1, page+1+mean.IntN(pageSize-1))]))
			}
		}
		return list
	}
	flipped := func(x shelved, side string, unit int) (list []shelved) {
		b := x.files[side]
		step := unit * max(1, len(b)/unit/(100**damages)) // of a long log some frames
		for page := 0; page < len(b); page += step {
			for n := range *damages + 1 {
				bad := slices.Clone(b)
				at := min(len(b)-1, page+mean.IntN(step))
				if n == 0 {
					at = min(len(b)-1, page+mean.IntN(24)) // its head
				}
				bad[at] ^= 1 << mean.IntN(8)
				list = append(list, x.but(side, bad))
			}
		}
		return list
	}
	other := shelve(t, 2, 150, true)
	for _, fault := range []struct {
		name string
		list []shelved
		may  []outcome // what it may come to
	}{
		{"register file cut short", cut(closed, ""), []outcome{refused}},
		{"register file cut short under its log", cut(crashed, ""), []outcome{refused, served, audited}},
		{"a bit of the register file turned", flipped(closed, "", pageSize), []outcome{served, refused, audited}},
		{"a bit of the log turned", flipped(crashed, "-wal", 24+pageSize), []outcome{served, refused, powerCut}},
		{"the log of another register", []shelved{closed.but("-wal", other.files["-wal"]), crashed.but("-wal", other.files["-wal"])}, []outcome{refused}},
		{"an old log beside a newer file", []shelved{closed.but("-wal", crashed.files["-wal"])}, []outcome{served, refused, audited}},
		{"a log whose first write came with its length and without its bytes", []shelved{closed.but("-wal", make([]byte, logHead))}, []outcome{served}},
		{"the mark cut short or turned", append(cut(closed, ".mark"), flipped(closed, ".mark", pageSize)...), []outcome{served, refused}},
		{"the register file is another's", []shelved{closed.but("", other.files[""])}, []outcome{refused}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			came := map[outcome]int{}
			for i, x := range fault.list {
				what := x.tries(t, fmt.Sprintf("%s, %d", fault.name, i))
				if came[what]++; !slices.Contains(fault.may, what) {
					t.Errorf("%d: %s", i, what)
				}
			}
			t.Logf("%v", came)
			if !t.Failed() {
				t.Logf("tried %d, lost %d", len(fault.list), came[silent])
			}
		})
	}
}
