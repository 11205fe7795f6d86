package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"posd/pos/qr"
)

// panel is a customer display with a QR component, as a Nextion is: it checks every instruction it is
// sent, keeps what its components hold, and draws the QR as pixels, so that a test or a shopper's phone
// reads it off the glass and never out of its memory.
type panel struct {
	mu      sync.Mutex
	pending []byte
	page    string
	texts   map[string]string
	wrong   int // instructions that it refused
	level   bool
}

// The project in the panel: its pages and the components on each.
var panelPages = map[string][]string{
	"text": {"t0", "t1", "t2", "t3"},
	"pay":  {"t0", "t1", "t2", "t3", "qr0"},
}

// Sizes of the glass, in pixels.
const (
	panelWide, panelHigh = 480, 320
	mostModule           = 6
)

// mostPending bounds an instruction whose end does not come, as the panel's own buffer does.
const mostPending = 1024

var assign = regexp.MustCompile(`^([a-z]+[0-9])\.txt="([^"\\]*)"$`)

func newPanel() *panel { return &panel{page: "text", texts: map[string]string{}} }

// power is what happens when the panel gets power: it shows its first page and says that it is ready.
func (p *panel) power() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.page, p.texts, p.pending, p.level = "text", map[string]string{}, nil, false
	return []byte("\x00\x00\x00\xff\xff\xff\x88\xff\xff\xff")
}

// hear takes bytes from the register and answers each instruction.
func (p *panel) hear(b []byte) (answers []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, b...)
	for {
		i := bytes.Index(p.pending, []byte("\xff\xff\xff"))
		if i < 0 {
			break
		}
		said := string(p.pending[:i])
		p.pending = p.pending[i+3:]
		if said == "" {
			continue
		}
		code := p.obey(said)
		if code != 1 {
			p.wrong++
		}
		if code != 1 || p.level {
			answers = append(answers, code, 0xff, 0xff, 0xff)
		}
	}
	if len(p.pending) > mostPending {
		p.pending, p.wrong = nil, p.wrong+1
		answers = append(answers, 0x24, 0xff, 0xff, 0xff)
	}
	return answers
}

// obey carries out one instruction and returns the panel's word for how that went.
func (p *panel) obey(said string) byte {
	if name, ok := strings.CutPrefix(said, "page "); ok {
		if panelPages[name] == nil {
			return 0x03
		}
		p.page, p.texts = name, map[string]string{} // components are local: a page begins empty
		return 1
	}
	if said == "bkcmd=3" {
		p.level = true
		return 1
	}
	m := assign.FindStringSubmatch(said)
	if m == nil {
		return 0x00
	}
	for _, c := range panelPages[p.page] {
		if c == m[1] {
			p.texts[c] = m[2]
			return 1
		}
	}
	return 0x1a
}

// shows says in one line what a shopper sees; a QR only as one.
func (p *panel) shows() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	for _, c := range []string{"t0", "t1", "t2", "t3"} {
		if p.texts[c] != "" {
			parts = append(parts, p.texts[c])
		}
	}
	if p.page == "pay" && p.texts["qr0"] != "" {
		parts = append(parts, "[QR]")
	}
	if p.wrong > 0 {
		parts = append(parts, fmt.Sprintf("(%d instructions refused)", p.wrong))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " | ")
}

// picture is the glass: white, with the QR in its middle.
func (p *panel) picture() (image.Image, error) {
	p.mu.Lock()
	text := ""
	if p.page == "pay" {
		text = p.texts["qr0"]
	}
	p.mu.Unlock()
	return drawn(text)
}

// drawn is a white glass with the QR of a text in its middle; empty, it shows none.
func drawn(text string) (image.Image, error) {
	glass := image.NewGray(image.Rect(0, 0, panelWide, panelHigh))
	draw.Draw(glass, glass.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if text == "" {
		return glass, nil
	}
	matrix, err := qr.Matrix(text)
	if err != nil {
		return nil, err
	}
	module := min(mostModule, panelHigh/len(matrix))
	left, top := (panelWide-len(matrix)*module)/2, (panelHigh-len(matrix)*module)/2
	for y, row := range matrix {
		for x, dark := range row {
			if dark {
				at := image.Rect(left+x*module, top+y*module, left+(x+1)*module, top+(y+1)*module)
				draw.Draw(glass, at, image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	return glass, nil
}

// errNoQR is what a phone says that finds nothing to scan.
var errNoQR = errors.New("there is no QR to scan")

// read is a shopper's phone: it finds the QR in a picture and reads it. In some symbols (2 in 1000 of
// Citcon's shape) the finder takes dark modules for a corner; then the phone looks from another distance, as a hand
// does that moves until the camera has it.
func read(picture image.Image) (string, error) {
	for _, far := range []float64{1, 3, 2, 0.8, 1.25} {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(from(picture, far))
		if err != nil {
			return "", err
		}
		found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
		if err == nil {
			return found.GetText(), nil
		}
	}
	return "", errNoQR
}

// from is a picture seen from so many times as far.
func from(picture image.Image, far float64) image.Image {
	whole := picture.Bounds()
	seen := image.NewGray(image.Rect(0, 0, int(float64(whole.Dx())/far), int(float64(whole.Dy())/far)))
	for y := range seen.Rect.Dy() {
		for x := range seen.Rect.Dx() {
			seen.Set(x, y, picture.At(whole.Min.X+int(float64(x)*far), whole.Min.Y+int(float64(y)*far)))
		}
	}
	return seen
}

// readFile reads the QR in a PNG, such as a screenshot of the second screen.
func readFile(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return read(picture)
}
