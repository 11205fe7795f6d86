package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// Anchor is where the chain stood by a witness outside the file, as every Z prints it. A journal that was
// cut short, or an older copy in its place, is whole by itself: only an anchor shows what is missing.
type Anchor struct {
	Rows int64  // 0 when only the head is known
	Head string // hex of the chain at that row
}

// ErrAnchor is an anchor that no Z can have printed.
var ErrAnchor = errors.New("a head is 64 hexadecimal digits, and rows are counted from 1")

// witness is what somebody outside the file says of one row, until the walk has met it.
type witness struct {
	rows int64 // 0: of some row
	head []byte
	who  string
}

type testimony []witness

// hear collects the anchors and the mark. A mark that cannot be read says nothing here: a register does not
// serve beside one.
func hear(path string, anchors []Anchor) (testimony, error) {
	var all testimony
	for _, a := range anchors {
		head, err := hex.DecodeString(a.Head)
		if err != nil || len(head) != sha256.Size || a.Rows < 0 {
			return nil, ErrAnchor
		}
		all = append(all, witness{a.Rows, head, "the head that was given"})
	}
	m, known, err := (&Store{o: Options{Path: path}}).readMark()
	if head, bad := hex.DecodeString(m.Chain); err == nil && bad == nil && known && m.Seq > 0 {
		all = append(all, witness{m.Seq, head, "the mark beside the file"})
	}
	return all, nil
}

// at holds a row that fits the chain against what is said of it.
func (t *testimony) at(row int64, chain []byte) (why string) {
	*t = slices.DeleteFunc(*t, func(w witness) bool {
		same := bytes.Equal(w.head, chain)
		if w.rows == row && !same {
			why = "is another one than " + w.who + " says: from there on this is not the same journal"
		}
		return w.rows == row || w.rows == 0 && same
	})
	return why
}

// after says what ought to have followed the last row.
func (t testimony) after() string {
	switch {
	case len(t) == 0:
		return ""
	case t[0].rows == 0:
		return "is missing: no row has " + t[0].who + ", so the journal was cut short, is an older copy, or another one"
	}
	return fmt.Sprintf("is missing: %s is of row %d, so the journal was cut short or is an older copy", t[0].who, t[0].rows)
}
