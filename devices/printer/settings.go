// Package printer turns a slip into a printer's bytes, and a printer's answers into what they mean. It is
// pure: it never opens a line, waits, retries or logs.
package printer

import (
	"fmt"
	"slices"
)

// Settings is what a profile says about a printer, its table [printer].
type Settings struct {
	Width    int    `toml:"width"`    // of the paper in mm: 80, or 58
	Columns  int    `toml:"columns"`  // letters of font A on a line: 48, or 32 on 58 mm
	Dots     int    `toml:"dots"`     // of a line: 576, or 384 on 58 mm
	Encoding string `toml:"encoding"` // of Western letters: cp437, cp850, cp858, cp863, iso8859-1, windows-1252; empty for ASCII
	Table    *int   `toml:"table"`    // the number of that code page on this printer; makers differ
	Chinese  string `toml:"chinese"`  // gbk or gb18030 where its fonts have Chinese; where they do not: raster, none, or empty for raster on a fast line
	QR       string `toml:"qr"`       // native, raster for a printer that only knows pictures, or none
	Cut      string `toml:"cut"`      // feed (up to the knife, then cut), partial, full, or none
	Silent   bool   `toml:"silent"`   // it answers no question about its state
}

// Limits of a printer.
const (
	leastColumns, mostColumns = 24, 96
	leastDots, mostDots       = 256, 1024
	rasterBaud                = 57600 // below, a picture of a QR takes seconds on the line
)

// whole fills in what a profile leaves out, or says what cannot be.
func (s Settings) whole() (Settings, error) {
	if s.Width == 0 {
		s.Width = 80
	}
	if s.Columns == 0 {
		s.Columns = map[int]int{80: 48, 58: 32}[s.Width]
	}
	if s.Dots == 0 {
		s.Dots = map[int]int{80: 576, 58: 384}[s.Width]
	}
	if s.QR == "" {
		s.QR = "native"
	}
	if s.Cut == "" {
		s.Cut = "feed"
	}
	switch {
	case s.Width != 80 && s.Width != 58:
		return s, fmt.Errorf("width is 80 or 58 mm, not %d", s.Width)
	case s.Columns < leastColumns || s.Columns > mostColumns:
		return s, fmt.Errorf("columns are %d to %d", leastColumns, mostColumns)
	case s.Dots < leastDots || s.Dots > mostDots || s.Dots%8 != 0:
		return s, fmt.Errorf("dots are %d to %d, in eights", leastDots, mostDots)
	case s.Encoding != "" && pages[s.Encoding] == nil:
		return s, fmt.Errorf("encoding %q is not known; write cp437, cp850, cp858, cp863, iso8859-1 or windows-1252", s.Encoding)
	case (s.Encoding == "") != (s.Table == nil) || (s.Table != nil && (*s.Table < 0 || *s.Table > 255)):
		return s, fmt.Errorf("encoding and table belong together: the code page, and its number from 0 to 255 on this printer")
	case !slices.Contains([]string{"", "gbk", "gb18030", "raster", "none"}, s.Chinese):
		return s, fmt.Errorf("chinese is gbk, gb18030, raster, none or left out")
	case !slices.Contains([]string{"native", "raster", "none"}, s.QR):
		return s, fmt.Errorf("qr is native, raster or none")
	case cuts[s.Cut] == nil && s.Cut != "none":
		return s, fmt.Errorf("cut is feed, partial, full or none")
	}
	return s, nil
}
