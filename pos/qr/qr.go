// Package qr draws the QR symbols that a shopper scans: as a matrix for display drivers, as SVG for
// pages, as PNG for files. It is the only importer of the QR library.
//
// It does not know what the text means, never decodes, and refuses what would make a symbol too fine
// for a phone held over a counter.
package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"
)

// Limits of what is drawn. Wallets' QR texts have well under 300 bytes.
const (
	MaxText   = 1024 // bytes
	MaxModule = 64   // pixels a module
	Quiet     = 4    // light modules around the symbol, as ISO/IEC 18004 asks
)

// ErrText is a text that cannot be drawn: empty or too long. The text itself never stands in an
// error, because some QRs are worth money.
var ErrText = errors.New("not a text to draw")

// ErrModule is a module size out of range.
var ErrModule = errors.New("module size out of range")

// Matrix gives the symbol at error correction level M, rows from the top, true for dark, with the
// quiet zone around it. It is square and at least 29 modules wide.
func Matrix(text string) ([][]bool, error) {
	if text == "" || len(text) > MaxText {
		return nil, fmt.Errorf("qr: %d bytes, not 1 to %d: %w", len(text), MaxText, ErrText)
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("qr: %d bytes: %w", len(text), ErrText)
	}
	code.DisableBorder = true
	inner := code.Bitmap()
	matrix := make([][]bool, len(inner)+2*Quiet)
	for y := range matrix {
		matrix[y] = make([]bool, len(matrix))
	}
	for y, row := range inner {
		copy(matrix[y+Quiet][Quiet:], row)
	}
	return matrix, nil
}

// SVG gives the symbol as a standalone picture, module pixels to a module. It scales without blur and
// needs no style from the page.
func SVG(text string, module int) (string, error) {
	matrix, err := sized(text, module)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	side, pixels := strconv.Itoa(len(matrix)), strconv.Itoa(len(matrix)*module)
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="` + pixels + `" height="` + pixels +
		`" viewBox="0 0 ` + side + ` ` + side + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side +
		`v` + side + `H0z"/><path fill="#000" d="`)
	for y, row := range matrix {
		for x := 0; x < len(row); x++ {
			run := x
			for run < len(row) && row[run] {
				run++
			}
			if run > x {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run-x, run-x)
				x = run
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}

// PNG gives the symbol as a black and white picture, module pixels to a module.
func PNG(text string, module int) ([]byte, error) {
	matrix, err := sized(text, module)
	if err != nil {
		return nil, err
	}
	side := len(matrix) * module
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if matrix[y/module][x/module] {
				picture.Pix[y*picture.Stride+x] = 1
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("qr: encode: %w", err)
	}
	return b.Bytes(), nil
}

func sized(text string, module int) ([][]bool, error) {
	if module < 1 || module > MaxModule {
		return nil, fmt.Errorf("qr: %d pixels a module, not 1 to %d: %w", module, MaxModule, ErrModule)
	}
	return Matrix(text)
}
