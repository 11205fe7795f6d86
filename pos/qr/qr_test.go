package qr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"pgregory.net/rapid"
)

// read is a phone: it finds the symbol in the picture and reads it. Its finder now and then takes three
// dark spots of a small symbol for the corners; then it is told that the picture is nothing but a symbol.
func read(picture image.Image) (string, error) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return "", err
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		result, err = qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	}
	if err != nil {
		return "", err
	}
	return result.GetText(), nil
}

var shown = map[string]string{
	"a WeChat order": "weixin://wxpay/bizpayurl?pr=pIxXXqZ",
	"an Alipay link": "https://qr.alipay.com/bax05351pgjhc4zgnvxm00fd",
	"digits alone":   "281666040092743162540",
	"one letter":     "A",
	"Chinese":        "收款:¥12.50",
	"a long order":   "https://example.invalid/" + strings.Repeat("0123456789abcdef", 30),
	"the longest":    strings.Repeat("x", MaxText),
}

// A shopper's phone reads what we drew, as it is drawn on a page's file and on a display.
func TestAPhoneReadsIt(t *testing.T) {
	for name, text := range shown {
		t.Run(name, func(t *testing.T) {
			data, err := PNG(text, 4)
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := read(picture); err != nil || got != text {
				t.Errorf("the phone read %q, %v", got, err)
			}
			drawing, err := SVG(text, 3)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := read(rasterised(t, drawing)); err != nil || got != text {
				t.Errorf("from the page the phone read %q, %v", got, err)
			}
		})
	}
}

var (
	runs  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
	sides = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
)

// rasterised draws the SVG's dark runs, four pixels a module, and checks that it is well-formed.
func rasterised(t *testing.T, drawing string) image.Image {
	t.Helper()
	if err := xml.Unmarshal([]byte(drawing), new(struct{ XMLName xml.Name })); err != nil {
		t.Fatal(err)
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	side := 4 * number(sides.FindStringSubmatch(drawing)[1])
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	for _, m := range runs.FindAllStringSubmatch(drawing, -1) {
		for x := 4 * number(m[1]); x < 4*(number(m[1])+number(m[3])); x++ {
			for y := 4 * number(m[2]); y < 4*(number(m[2])+1); y++ {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	return picture
}

// Without light around it a symbol on a dark shelf cannot be found.
func TestQuietZone(t *testing.T) {
	matrix, err := Matrix(shown["a WeChat order"])
	if err != nil {
		t.Fatal(err)
	}
	last := len(matrix) - 1
	for y, row := range matrix {
		if len(row) != len(matrix) {
			t.Fatalf("row %d has %d modules of %d", y, len(row), len(matrix))
		}
		for x, dark := range row {
			if dark && (x < Quiet || y < Quiet || x > last-Quiet || y > last-Quiet) {
				t.Fatalf("dark module in the quiet zone at %d,%d", x, y)
			}
		}
	}
	if !matrix[Quiet][Quiet] || !matrix[Quiet][last-Quiet] || !matrix[last-Quiet][Quiet] {
		t.Error("a finder pattern is not where the quiet zone ends")
	}
}

// A refusal does not repeat the text: a QR on the wrong screen is money in the log.
func TestRefusals(t *testing.T) {
	secret := strings.Repeat("9", MaxText+1)
	for _, test := range []struct {
		name   string
		text   string
		module int
		want   error
	}{
		{"nothing", "", 4, ErrText},
		{"too long", secret, 4, ErrText},
		{"no size", "A", 0, ErrModule},
		{"a wall", "A", MaxModule + 1, ErrModule},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, svg := SVG(test.text, test.module)
			_, png := PNG(test.text, test.module)
			if !errors.Is(svg, test.want) || !errors.Is(png, test.want) {
				t.Errorf("got %v and %v, want %v", svg, png, test.want)
			}
			if strings.Contains(fmt.Sprint(svg, png), "9999") {
				t.Error("the refusal repeats the text")
			}
		})
	}
}

func TestAnyTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,200}`).Draw(t, "text")
		data, err := PNG(text, 4)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(picture); err != nil || got != text {
			t.Fatalf("read %q, %v; want %q", got, err, text)
		}
	})
}
