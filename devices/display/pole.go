package display

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// PoleSettings is what a profile says about a display of two short lines.
type PoleSettings struct {
	Columns  int    `toml:"columns"`  // of a line: 20
	Encoding string `toml:"encoding"` // its letters: ascii
	Table    *int   `toml:"table"`    // the number that chooses those letters on this display; left out where nothing must be chosen
	Select   bool   `toml:"select"`   // it hangs on a printer's line: chosen before each page, and the printer after it
}

// What is the same in both command sets (Epson DM-D and Partner CD5220 manuals).
const (
	poleReset   = "\r\r\x1b@" // first an end for a command that a pulled cable left half said
	poleClear   = "\x0c"
	poleChoose  = "\x1b=\x02"
	polePrinter = "\x1b=\x01"
)

// CD5220 is the dialect of text displays with the CD5220 command set. Clear comes first, because a display that was
// given a line takes nothing but lines until then.
func CD5220(s Settings) (Dialect, error) {
	return pole(s, func(table int) string { return fmt.Sprintf("\x1bc%c", table) }, "\x1b_\x00",
		func(i int, line []byte) []byte {
			return append(append([]byte("\x1bQ"), "AB"[i]), append(line, '\r')...)
		})
}

// Epson is the dialect of text displays with Epson's DM-D command set.
func Epson(s Settings) (Dialect, error) {
	return pole(s, func(table int) string { return fmt.Sprintf("\x1bt%c", table) }, "\x1fC\x00",
		func(i int, line []byte) []byte { return append([]byte{0x1f, 0x24, 1, byte(i + 1)}, line...) })
}

// Limits of a pole.
const (
	poleColumns = 20
	poleLines   = 2
	leastPole   = 16
)

// pole is a display of two lines: the amount, and what to do.
func pole(s Settings, table func(int) string, noCursor string, put func(i int, line []byte) []byte) (Dialect, error) {
	own := PoleSettings{}
	if s.Pole != nil {
		own = *s.Pole
	}
	if own.Columns == 0 {
		own.Columns = poleColumns
	}
	letters, err := alphabetOf(own.Encoding, "ascii")
	switch {
	case err != nil:
		return Dialect{}, err
	case own.Columns < leastPole || own.Columns > maxLine:
		return Dialect{}, fmt.Errorf("a line of %d columns; a pole has %d to %d", own.Columns, leastPole, maxLine)
	case own.Table != nil && (*own.Table < 0 || *own.Table > 255):
		return Dialect{}, errors.New("table is a number from 0 to 255")
	}
	before, after := "", ""
	if own.Select {
		before, after = poleChoose, polePrinter
	}
	open := before + poleReset
	if own.Table != nil {
		open += table(*own.Table)
	}
	return Dialect{
		Open:  []byte(open + noCursor + after),
		Draws: noQR,
		Omits: omitsNothing,
		Encode: func(p Page) []byte {
			b := bytes.NewBufferString(before + poleClear)
			for i, line := range letters.short(p, own.Columns) {
				b.Write(put(i, fill(line, own.Columns)))
			}
			b.WriteString(after)
			return b.Bytes()
		},
	}, s.only("pole")
}

// short is a page in two lines: the amount where there is one, and the first hint that can be written whole.
func (a alphabet) short(p Page, most int) (lines [poleLines][]byte) {
	var hint []byte
	for _, h := range slices.Concat(p.Hints, p.Lines) {
		out, whole := a.write(h, "", most)
		if hint == nil || whole {
			hint = out
		}
		if whole {
			break
		}
	}
	amount, _ := a.write(p.Amount, "", most)
	if p.Amount == "" {
		return [poleLines][]byte{hint}
	}
	return [poleLines][]byte{amount, hint}
}

// fill fills a line up with blanks, so that nothing of the one before stays.
func fill(line []byte, columns int) []byte {
	return append(line, bytes.Repeat([]byte{' '}, columns-len(line))...)
}
