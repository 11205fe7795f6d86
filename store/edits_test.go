package store

import (
	"bytes"
	"crypto/hmac"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// How many edits the audit must find; scripts/soak asks for more.
var editsWanted = flag.Int("edits", 300, "random edits of a register file that the audit must find")

// written is a row as somebody finds it in a file: its values with their types.
type written [8]any

// edited is a register file that somebody changes: its bytes, its rows, and copies that were taken before.
type edited struct {
	file   []byte
	pages  []int // where rows of the journal lie in it
	rows   []written
	heads  []string // hex of the chain at each row
	copies [][]byte
	dir    string
	mean   *rand.Rand
}

// Whatever somebody does to a register file, with a database shell or with a hex editor, and however the disk
// rots: when a row of the journal is not what it was, the audit names the first such row. Cutting the end
// off, and an older copy in the place of the file, show against the head that a Z has printed. And when no row
// has changed, it does not cry wolf.
func TestRandomEditsShow(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	e := &edited{dir: t.TempDir(), mean: rand.New(rand.NewPCG(seed, 7))}
	e.write(t)
	ways := map[string]func(*testing.T, string){"a bit of the file": e.flips, "a bit of a value": e.lies,
		"the type of a value": e.types, "rows deleted": e.deletes,
		"rows deleted, the rest moved up": e.closesUp, "a row inserted": e.inserts, "rows swapped": e.swaps, "the end cut off": e.cuts,
		"an older copy put back": e.putsBack, "a row changed and sealed anew": e.seals}
	names := slices.Sorted(maps.Keys(ways))
	found := map[string]int{}
	for n, tries := 0, 0; n < *editsWanted && !t.Failed(); tries++ {
		name := names[e.mean.IntN(len(names))]
		path := filepath.Join(e.dir, fmt.Sprint("edited-", tries, ".db"))
		ways[name](t, path)
		if e.judges(t, name, path) {
			found[name]++
			n++
		}
		if err := os.Remove(path); err != nil { // thousands of them would fill the disk
			t.Error(err)
		}
	}
	if !t.Failed() {
		t.Logf("| the journal edited | %d edits of %d kinds | none unseen, each named at its row |", *editsWanted, len(names))
	}
	for _, name := range names {
		if found[name] == 0 && !t.Failed() {
			t.Errorf("%s: never tried", name)
		}
		t.Logf("%-32s %6d edits", name, found[name])
	}
}

// judges compares what the audit says of a file with what differs in it. It reports whether anything did.
func (e *edited) judges(t *testing.T, name, path string) bool {
	t.Helper()
	rows, readable := readRows(t, path)
	whole := int64(0) // rows that are as they were, from the first on
	for whole < int64(min(len(rows), len(e.rows))) && rows[whole].same(e.rows[whole]) {
		whole++
	}
	last := int64(len(e.rows))
	changed := whole < last || len(rows) > len(e.rows) || !readable
	short := whole == int64(len(rows)) && readable // nothing in the file itself shows that there was more
	plain, err := Verify(t.Context(), path, key)
	switch {
	case err != nil && changed && whole == 0: // not a register file any more, and said to be none
	case err != nil:
		t.Errorf("%s: %v, but %d rows are there", name, err, whole)
	case !changed || short:
		if !plain.Whole || plain.Rows != whole || plain.Head != e.head(whole) {
			t.Errorf("%s: cries wolf: %+v, and the first %d rows are as they were", name, plain, whole)
		}
	case plain.Whole || plain.Broken != whole+1 || plain.Rows != whole || plain.Why == "":
		t.Errorf("%s: %+v, and row %d is the first that was changed", name, plain, whole+1)
	}
	printed := []Anchor{{Rows: last, Head: e.head(last)}, {Head: e.head(last)}}[e.mean.IntN(2)]
	against, err := Verify(t.Context(), path, key, printed)
	switch {
	case err != nil && changed && whole == 0:
	case !changed && (err != nil || !against.Whole):
		t.Errorf("%s: cries wolf against the Z: %+v %v", name, against, err)
	case changed && (err != nil || against.Whole || against.Broken != whole+1):
		t.Errorf("%s: against the Z %+v: %+v %v, and row %d is the first that was changed", name, printed, against, err, whole+1)
	}
	return changed
}

func (e *edited) head(row int64) string {
	if row == 0 {
		return ""
	}
	return e.heads[row-1]
}

func (r written) same(o written) bool {
	for i := range r {
		a, isBytes := r[i].([]byte)
		b, areBytes := o[i].([]byte)
		if isBytes != areBytes || isBytes && !bytes.Equal(a, b) || !isBytes && r[i] != o[i] {
			return false
		}
	}
	return true
}

// readRows reads as anybody would, until the file ends or cannot be read.
func readRows(t *testing.T, path string) (rows []written, readable bool) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Query("SELECT seq, at_ms, day, sale, reference, kind, body, chain FROM journal ORDER BY seq")
	if err != nil {
		return nil, false
	}
	defer list.Close()
	for list.Next() {
		var r written
		if err := list.Scan(&r[0], &r[1], &r[2], &r[3], &r[4], &r[5], &r[6], &r[7]); err != nil {
			return rows, false
		}
		rows = append(rows, r)
	}
	return rows, list.Err() == nil
}

// write makes the file, and takes a copy of it now and then on the way.
func (e *edited) write(t *testing.T) {
	t.Helper()
	path := register(t)
	all := week(e.mean.Uint64(), 250)
	for _, end := range []int{len(all) / 4, len(all) / 2, len(all) - 10, len(all)} {
		s := open(t, path)
		head, err := s.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.must(t, all[head.Seq:end]...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		e.copies = append(e.copies, file)
	}
	shell := raw(t, path)
	if err := shell("DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete; PRAGMA journal_mode = DELETE"); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e.file, e.copies = file, e.copies[:len(e.copies)-1]
	rows, readable := readRows(t, path)
	if !readable || len(rows) != len(all) {
		t.Fatalf("%d rows of %d", len(rows), len(all))
	}
	e.rows = rows
	for _, r := range rows {
		e.heads = append(e.heads, fmt.Sprintf("%x", r[7]))
		e.pages = append(e.pages, bytes.Index(file, r[7].([]byte))/pageSize*pageSize)
	}
	e.pages = slices.Compact(e.pages)
}

func (e *edited) put(t *testing.T, path string, file []byte) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell puts the file there and changes it as one would who has a database shell and no scruples.
func (e *edited) shell(t *testing.T, path, text string, args ...any) {
	t.Helper()
	e.put(t, path, e.file)
	db, err := sql.Open("sqlite3", "file:"+path+"?_synchronous=OFF")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func (e *edited) row() int64 { return 1 + e.mean.Int64N(int64(len(e.rows))) }

// flips turns one bit, mostly where the journal lies, and otherwise anywhere in the file.
func (e *edited) flips(t *testing.T, path string) {
	file := slices.Clone(e.file)
	at := e.mean.IntN(len(file))
	if e.mean.IntN(4) > 0 {
		at = e.pages[e.mean.IntN(len(e.pages))] + e.mean.IntN(pageSize)
	}
	file[at] ^= 1 << e.mean.IntN(8)
	e.put(t, path, file)
}

// types turns the bit that makes a text a blob of the same bytes: it reads the same, and is not found any more.
func (e *edited) types(t *testing.T, path string) {
	file, r := slices.Clone(e.file), e.rows[e.row()-1]
	at := bytes.Index(file, r[7].([]byte)) - 6 // the six bytes of the time, and the texts
	for _, text := range r[2:7] {
		at -= len(text.(string))
	}
	const blob32 = 12 + 2*32 // SQLite's file format, section 2.1: the type of the chain ends the record's head
	if at--; file[at] != blob32 {
		t.Fatalf("no record of row %d at %d", r[0], at)
	}
	at--
	for i, which := 6, 2+e.mean.IntN(5); i > which; i-- {
		at--
		if 13+2*len(r[i].(string)) > 127 { // a number of two bytes
			at--
		}
	}
	file[at] ^= 1
	e.put(t, path, file)
}

// lies turns one bit of one value of one row.
func (e *edited) lies(t *testing.T, path string) {
	seq := e.row()
	column := []string{"at_ms", "day", "sale", "reference", "kind", "body", "chain"}[e.mean.IntN(7)]
	value := e.rows[seq-1][slices.Index([]string{"seq", "at_ms", "day", "sale", "reference", "kind", "body", "chain"}, column)]
	bit := func(b []byte) []byte {
		if len(b) == 0 {
			return []byte{'x'}
		}
		b = slices.Clone(b)
		b[e.mean.IntN(len(b))] ^= 1 << e.mean.IntN(8)
		return b
	}
	switch v := value.(type) {
	case int64:
		value = v ^ 1<<e.mean.IntN(40)
	case string:
		value = string(bit([]byte(v)))
	case []byte:
		value = bit(v)
	}
	e.shell(t, path, "PRAGMA ignore_check_constraints = 1; UPDATE journal SET "+column+" = ?1 WHERE seq = ?2", value, seq)
}

func (e *edited) deletes(t *testing.T, path string) {
	first := e.row()
	e.shell(t, path, "DELETE FROM journal WHERE seq >= ?1 AND seq < ?1 + ?2", first, 1+e.mean.IntN(5))
}

// closesUp also gives the rows after them their numbers, so that none is missing.
func (e *edited) closesUp(t *testing.T, path string) {
	first, n := e.row(), 1+e.mean.IntN(5)
	e.shell(t, path, fmt.Sprintf(`DELETE FROM journal WHERE seq >= %[1]d AND seq < %[1]d + %[2]d;
		UPDATE journal SET seq = -seq WHERE seq > %[1]d; UPDATE journal SET seq = -seq - %[2]d WHERE seq < 0`, first, n))
}

// inserts puts a copy of some row somewhere, also before the first and after the last one.
func (e *edited) inserts(t *testing.T, path string) {
	from, to := e.row(), e.row()+e.mean.Int64N(2)
	e.shell(t, path, fmt.Sprintf(`CREATE TEMP TABLE spare AS SELECT * FROM journal WHERE seq = %d;
		UPDATE journal SET seq = -seq WHERE seq >= %[2]d; UPDATE journal SET seq = 1 - seq WHERE seq < 0;
		INSERT INTO journal SELECT %[2]d, at_ms, day, sale, reference, kind, body, chain FROM spare`, from, to))
}

func (e *edited) swaps(t *testing.T, path string) {
	a, b := e.row(), e.row()
	for a == b {
		b = e.row()
	}
	e.shell(t, path, fmt.Sprintf("UPDATE journal SET seq = 0 WHERE seq = %[1]d; UPDATE journal SET seq = %[1]d WHERE seq = %[2]d; UPDATE journal SET seq = %[2]d WHERE seq = 0", a, b))
}

func (e *edited) cuts(t *testing.T, path string) {
	e.shell(t, path, "DELETE FROM journal WHERE seq >= ?1", e.row())
}

func (e *edited) putsBack(t *testing.T, path string) {
	e.put(t, path, e.copies[e.mean.IntN(len(e.copies))])
}

// seals changes a sum and makes the chain anew from there to the end, as one would who knows how it is made
// and has another register's key.
func (e *edited) seals(t *testing.T, path string) {
	first := e.row()
	other := newChaining(bytes.Repeat([]byte{8}, keySize))
	e.put(t, path, e.file)
	db, err := sql.Open("sqlite3", "file:"+path+"?_synchronous=OFF")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var before []byte
	if first > 1 {
		before = e.rows[first-2][7].([]byte)
	}
	for _, r := range e.rows[first-1:] {
		body := r[6].(string)
		if r[0] == first {
			body = `{"amount":1}`
		}
		chain := slices.Clone(other.link(before, r[0].(int64), r[1].(int64), r[2].(string), r[3].(string), r[4].(string), r[5].(string), body))
		if hmac.Equal(chain, r[7].([]byte)) {
			t.Fatal("two keys seal alike")
		}
		if _, err := tx.ExecContext(t.Context(), "UPDATE journal SET body = ?1, chain = ?2 WHERE seq = ?3", body, chain, r[0]); err != nil {
			t.Fatal(err)
		}
		before = chain
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
