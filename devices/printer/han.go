package printer

import (
	"bufio"
	"bytes"
	"compress/flate"
	_ "embed" // the letters
	"io"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"posd/pos"
)

// han is the letters of GB 2312's rows 1, 3 and 16 to 55 as dots, drawn by scripts/glyphs from the WenQuanYi Micro Hei
// (Copyright 2008-2009 The WenQuanYi Project Board of Trustees, based on Droid Sans Fallback, Copyright 2006-2008
// Google; Apache License 2.0). A string, so that its pages are read off the disk only when a slip needs them.
//
//go:embed han.flate
var han string

// A letter is as high as the printer's own and twice as wide, in columns of three bytes as ESC * takes them.
const (
	dotColumns  = 24
	letterBytes = dotColumns * 3
	columnHead  = "\x1b*\x21\x18\x00" // 24 columns, fine
	rowLetters  = 94
)

// place is where a letter stands among the dots, in the order of GB 2312.
func place(r rune) (int, bool) {
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || len(b) != 2 || b[0] < 0xa1 || b[1] < 0xa1 {
		return 0, false
	}
	row := int(b[0]) - 0xa0
	switch {
	case row == 1:
		row = 0
	case row == 3:
		row = 1
	case row >= 16 && row <= 55:
		row += 2 - 16
	default:
		return 0, false
	}
	return row*rowLetters + int(b[1]) - 0xa1, true
}

// drawn finds the letters of a slip that a printer without Chinese is sent as pictures, in one pass over all there are:
// none stays in memory.
func drawn(slip pos.Slip) map[rune][]byte {
	letters, at := map[rune][]byte{}, map[int]rune{}
	last := -1
	for _, line := range slip.Lines {
		for _, r := range line.Text + line.Right {
			if i, ok := place(r); ok {
				at[i], last = r, max(last, i)
			}
		}
	}
	from := bufio.NewReader(flate.NewReader(strings.NewReader(han)))
	var dots [letterBytes]byte
	for i := range last + 1 {
		if _, err := io.ReadFull(from, dots[:]); err != nil {
			break // a letter that is not found is a question mark
		}
		if r, ok := at[i]; ok {
			letters[r] = bytes.Clone(dots[:])
		}
	}
	return letters
}
