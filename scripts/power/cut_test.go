package power

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"posd/pos"
	"posd/store"
)

// Every point of the record is cut in any case; scripts/soak asks for more.
var (
	cuts  = flag.Int("cuts", 500, "at least so many power cuts")
	sales = flag.Int("sales", 2, "sales on the day that is recorded")
	long  = flag.Bool("long", false, "a day so long that the log is written back in the middle of it; what comes before is not cut")
)

// Every write and sync of a day at the counter is the last one before the power goes, with what was not
// synced lost, kept and torn. The register opens, knows everything it had acknowledged and nothing that
// was not asked of it, and goes on.
func TestPowerCuts(t *testing.T) {
	p := play(t, func(c *counter) { c.day(*sales, *long) })
	if *long && !slices.ContainsFunc(p.record.Ops[p.scenes[1].from:p.scenes[1].to], func(op Op) bool { return op.Kind == Sync && op.Name == "register.db" }) {
		t.Error("the log was not written back while the counter traded")
	}
	count, seen := map[string]int{}, map[[32]byte]bool{}
	done, images := 0, scratch(t)
	for round := uint64(0); round == 0 || done < *cuts; round++ {
		at := p.record.Play()
		for more := true; more; more = at.Step() {
			for _, fate := range []Fate{Lost, Kept, Torn} {
				if round > 0 && fate != Torn { // the others cannot come out differently
					continue
				}
				done++
				count[p.sceneAt(at.At)]++
				files := at.Image(fate, rand.New(rand.NewPCG(round, uint64(at.At))))
				if same := fingerprint(files, p.known(at.At)); seen[same] {
					continue // what was not synced was nothing
				} else {
					seen[same] = true
				}
				if err := survives(files, p.known(at.At), images); err != nil {
					t.Fatalf("cut after operation %d of %d (%s), %s, round %d: %v\n%s", at.At, len(p.record.Ops), p.sceneAt(at.At), fate, round, err, around(p.record.Ops, at.At))
				}
			}
		}
	}
	var names []string
	for _, s := range p.scenes {
		names = append(names, fmt.Sprintf("%s %d", s.name, count[s.name]))
	}
	row(t, fmt.Sprintf("the power goes at every write and sync, and what was not synced is lost, kept or torn (%s; %d different disks)",
		strings.Join(names, ", "), len(seen)), done, "nothing")
}

// fingerprint tells two disks apart, and what is to be found on them.
func fingerprint(files map[string][]byte, k knowledge) (sum [32]byte) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintln(h, name, len(files[name]))
		h.Write(files[name])
	}
	fmt.Fprintln(h, len(k.certain), len(k.asked))
	h.Sum(sum[:0])
	return sum
}

func (p played) sceneAt(at int) string {
	for _, s := range p.scenes {
		if at <= s.to {
			return s.name
		}
	}
	return "end"
}

// scratch is a folder in memory where there is one: images are many and live for a moment.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "posd-power-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// survives starts a machine on what the cut left, and says what is wrong with it.
func survives(files map[string][]byte, k knowledge, images string) (err error) {
	dir, err := os.MkdirTemp(images, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, data := range files {
		to := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, data, 0o600)); err != nil {
			return err
		}
		// A backup that has its name is a whole copy, wherever the power went.
		if strings.HasPrefix(name, "backup/") && strings.HasSuffix(name, ".db") {
			if v, err := store.Verify(context.Background(), to, key); err != nil || !v.Whole || v.Rows == 0 {
				return fmt.Errorf("%s: %+v %w", name, v, err)
			}
		}
	}
	return sound(filepath.Join(dir, "register.db"), k)
}

// known is what had been acknowledged when the power went, and what was being written.
func (p played) known(at int) (k knowledge) {
	for _, s := range p.steps {
		switch {
		case s.to <= at:
			k.certain = append(k.certain, s.entries...)
		case s.from <= at:
			k.asked = s.entries
		}
	}
	return k
}

type knowledge struct {
	certain, asked []pos.Entry
	doubts         bool // some commits failed, and may have happened
}

// sound opens a register file and holds it against what is known.
func sound(path string, k knowledge) (err error) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	got, err := s.Entries(ctx, 0, 100_000)
	if err != nil {
		return err
	}
	if want := len(k.certain) + len(k.asked); !k.doubts && len(got) != len(k.certain) && len(got) != want {
		return fmt.Errorf("%d rows; %d were acknowledged, %d more asked for", len(got), len(k.certain), len(k.asked))
	}
	for _, e := range append(slices.Clone(k.certain), k.asked...) {
		switch n := int(e.Seq); {
		case n > len(got) && n <= len(k.certain), n > len(got) && k.doubts:
			return fmt.Errorf("row %d was acknowledged, and is not there", n)
		case n <= len(got) && text(got[n-1]) != text(e):
			return fmt.Errorf("row %d is %s, acknowledged was %s", n, text(got[n-1]), text(e))
		}
	}
	before, err := projections(path)
	if err != nil {
		return err
	}
	if err := s.Rebuild(ctx); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	after, err := projections(path)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("the projections are\n%s\nand folded again\n%s", before, after)
	}
	if _, err := s.Append(ctx, pos.Entry{Kind: pos.SaleOpened, Sale: "next", At: time.Now(), Day: "2000-01-09", Body: pos.Body{Amount: 1, Currency: "USD"}}); err != nil {
		return fmt.Errorf("it does not go on: %w", err)
	}
	if v, err := store.Verify(ctx, path, key); err != nil || !v.Whole || v.Rows != int64(len(got)+1) {
		return fmt.Errorf("the chain: %+v %w", v, err)
	}
	return nil
}

// text is an entry as it is compared.
func text(e pos.Entry) string {
	b, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// projections is every table that can be folded again, as text.
func projections(path string) (string, error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer db.Close()
	var all strings.Builder
	for _, table := range []string{"sale", "attempt", "refund", "day", "request"} {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY 1")
		if err != nil {
			return "", err
		}
		columns, err := rows.Columns()
		if err != nil {
			return "", err
		}
		for rows.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for n := range values {
				to[n] = &values[n]
			}
			if err := rows.Scan(to...); err != nil {
				return "", err
			}
			fmt.Fprintln(&all, table, values)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return "", err
		}
	}
	return all.String(), nil
}

// around is what was done to the disk shortly before a cut.
func around(ops []Op, at int) string {
	var b strings.Builder
	for n := max(0, at-8); n < min(len(ops), at+2); n++ {
		mark := "  "
		if n == at-1 {
			mark = "> "
		}
		fmt.Fprintf(&b, "%s%d %s %s %d+%d\n", mark, n+1, ops[n].Kind, ops[n].Name, ops[n].at, len(ops[n].data))
	}
	return b.String()
}

// row is a line of the table of faults: what was done, how often, what was lost.
func row(t *testing.T, fault string, tried int, lost string) {
	t.Helper()
	t.Logf("| %s | %d | %s |", fault, tried, lost)
}
