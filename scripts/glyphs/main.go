// Glyphs draws the Chinese letters that a slip printer without any is sent as pictures, out of the WenQuanYi Micro Hei
// (Apache-2.0): 24 by 24 dots, column by column as ESC * takes them, in the order of GB 2312, compressed.
//
//	apt-get install fonts-wqy-microhei
//	go -C scripts/glyphs run . /usr/share/fonts/truetype/wqy/wqy-microhei.ttc ../../devices/printer/han.flate
package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"image"
	"os"

	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	side     = 24  // dots
	baseline = 21  // from the top, so that nothing sticks out below
	dark     = 110 // of 255: thin strokes must not break
)

// rows of GB 2312: punctuation, letters as wide as Chinese ones, and its first level, the 3,755 letters that are 99.7 %
// of what is written.
var rows = func() (list []byte) {
	list = []byte{1, 3}
	for r := byte(16); r <= 55; r++ {
		list = append(list, r)
	}
	return list
}()

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: glyphs FONT.ttc FILE")
	}
	b, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	f, err := truetype.Parse(b) // the first of a collection
	if err != nil {
		return err
	}
	face := truetype.NewFace(f, &truetype.Options{Size: side, DPI: 72, Hinting: font.HintingNone})
	var all bytes.Buffer
	n, out := 0, 0
	for _, row := range rows {
		for column := byte(1); column <= 94; column++ {
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{0xa0 + row, 0xa0 + column})
			if err != nil {
				return err
			}
			dots, over := draw(face, []rune(string(text))[0])
			all.Write(dots)
			n++
			out += over
		}
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(all.Bytes()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Printf("%d letters, %d bytes, %d compressed; %d dots did not fit\n", n, all.Len(), packed.Len(), out)
	return os.WriteFile(args[1], packed.Bytes(), 0o644)
}

// draw gives a letter in columns of three bytes, the highest bit on top, and how many dots stick out.
func draw(face font.Face, r rune) (dots []byte, over int) {
	dots = make([]byte, side*side/8)
	if r == 0xfffd {
		return dots, 0
	}
	at, mask, from, advance, ok := face.Glyph(fixed.P(0, baseline), r)
	if !ok {
		return dots, 0
	}
	left := max(0, (side-advance.Round())/2)
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			_, _, _, a := mask.At(from.X+x-at.Min.X, from.Y+y-at.Min.Y).RGBA()
			if a>>8 < dark {
				continue
			}
			if !(image.Pt(x+left, y).In(image.Rect(0, 0, side, side))) {
				over++
				continue
			}
			dots[(x+left)*3+y/8] |= 0x80 >> (y % 8)
		}
	}
	for i := range len(dots) - 1 {
		if dots[i] == 0x10 && (dots[i+1] == 0x04 || dots[i+1] == 0x05 || dots[i+1] == 0x14) {
			dots[i] = 0 // one dot less: a printer takes these two for a question even in the middle of a picture
		}
	}
	return dots, over
}
