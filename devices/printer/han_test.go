package printer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"posd/pos"
	"posd/pos/words"
)

// paint is a letter as a person sees it, a row a line.
func paint(dots []byte) string {
	var b strings.Builder
	for y := range 24 {
		for x := range dotColumns {
			b.WriteByte(".#"[dots[x*3+y/8]>>(7-y%8)&1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A printer without Chinese is sent it as pictures between its own letters, each as wide as two of them; a letter that
// nobody drew is a question mark, and that is said. A picture does not grow, so its line is not large.
func TestChineseAsPictures(t *testing.T) {
	d, err := ESCPOS(Settings{Encoding: "cp858", Table: number(0x13)}.Draws(115200))
	if err != nil {
		t.Fatal(err)
	}
	slip := pos.Slip{Lines: []pos.SlipLine{{Text: "京 Paris", Large: true}, {Text: "é一，", Right: "1"}, {Text: "B", Large: true}}}
	got, lacks := d.Encode(slip)
	picture := func(r rune) string { return columnHead + string(drawn(slip)[r]) }
	want := reset + codePage + "\x13" + picture('京') + " Paris\n" + "\x82" + picture('一') + picture('，') + strings.Repeat(" ", 42) + "1\n" + large + "B\n" + small
	if !bytes.HasPrefix(got, []byte(want)) || lacks != (Lacks{}) {
		t.Errorf("%+v\n got %q\nwant %q", lacks, got, want)
	}
	if got := paint(drawn(slip)['一']); got != strings.Repeat(strings.Repeat(".", 24)+"\n", 10)+
		strings.Repeat("..####################..\n", 2)+strings.Repeat(strings.Repeat(".", 24)+"\n", 12) {
		t.Errorf("one is drawn as\n%s", got)
	}
	if got, lacks := d.Encode(pos.Slip{Lines: []pos.SlipLine{{Text: "付浏𠀀"}}}); !lacks.Letters || !bytes.Contains(got, []byte("??\n")) {
		t.Errorf("%+v %q", lacks, got)
	}
	for baud, want := range map[int]string{9600: "", 38400: "", rasterBaud: "raster"} {
		if got := (Settings{}).Draws(baud).Chinese; got != want {
			t.Errorf("at %d baud: %q", baud, got)
		}
	}
	if (Settings{Chinese: "raster"}).Slow(9600) == nil || (Settings{Chinese: "raster"}).Slow(115200) != nil || (Settings{Chinese: "gbk"}).Draws(115200).Chinese != "gbk" {
		t.Error("a slow line takes pictures, or a fast one none")
	}
}

// Every letter of our own slips is drawn, and none asks the printer anything on the way.
func TestLettersAreThere(t *testing.T) {
	catalogue, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	var slip pos.Slip
	for _, topic := range []string{"slip.", "wallet.", "report."} {
		for id, text := range catalogue.Topic("zh-Hans", topic) {
			slip.Lines = append(slip.Lines, pos.SlipLine{Text: text})
			letters := drawn(pos.Slip{Lines: []pos.SlipLine{{Text: text}}})
			for _, r := range text {
				if dots := letters[r]; words.Wide(r) == 2 && (dots == nil || bytes.Count(dots, []byte{0}) == letterBytes) {
					t.Errorf("%s: %c is not drawn", id, r)
				}
			}
		}
	}
	if len(slip.Lines) < 50 {
		t.Errorf("%d sentences", len(slip.Lines))
	}
	all := drawn(pos.Slip{Lines: []pos.SlipLine{{Text: everything()}}})
	if len(all) < 3755 {
		t.Errorf("%d letters", len(all))
	}
	for r, dots := range all {
		for _, ask := range []string{"\x10\x04", "\x10\x05", "\x10\x14"} {
			if bytes.Contains(dots, []byte(ask)) {
				t.Errorf("%c is a question to the printer: %s", r, fmt.Sprintf("%x", ask))
			}
		}
	}
}

// everything is each letter that may be drawn.
func everything() string {
	var b strings.Builder
	for r := rune(0xa0); r < 0x10000; r++ {
		if _, ok := place(r); ok {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func BenchmarkDrawn(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		drawn(pos.Slip{Lines: []pos.SlipLine{{Text: "付款结果未知座"}}})
	}
}
