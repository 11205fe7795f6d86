package devices

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"posd/devices/display"
	"posd/devices/supervise"
	"posd/pos"
)

// displays is every display dialect there is.
var displays = map[string]func(display.Settings) (display.Dialect, error){
	"text":     display.Text,     // UTF-8 lines; no QR
	"nextion":  display.Nextion,  // Nextion and TJC panels
	"dwin":     display.DWIN,     // DGUS II panels and their clones
	"template": display.Template, // any box whose words a profile lists
	"cd5220":   display.CD5220,   // poles of two lines
	"epson":    display.Epson,
}

// askEvery is how often a display is asked that does not say by itself that it was restarted.
const askEvery = 5 * time.Second

// displayDialect is a display's dialect. One that is too slow on its line is none: a shopper would wait for every page.
func displayDialect(c Config) (display.Dialect, error) {
	d, err := displays[c.Driver](c.Display)
	if err != nil {
		return display.Dialect{}, err
	}
	return d, d.Slow(c.Baud)
}

// useDisplay puts a display to use.
func (d *Desk) useDisplay(c Config, v *supervise.Device) error {
	dialect, err := displayDialect(c)
	if err != nil {
		return err
	}
	prompts := make(chan pos.Prompt, 1)
	d.prompts[c.Name] = prompts
	v.Use = func(ctx context.Context, l io.ReadWriteCloser, t *supervise.Tally) error {
		return d.display(ctx, c, l, dialect, prompts, t)
	}
	return nil
}

// display writes prompts to one display until its line ends. What the display shows after it came back, or
// was restarted, is unknown, so the latest prompt is written again. A page that it refuses is written once
// more, because a letter may have been lost on the line; refused again, a person is told.
func (d *Desk) display(ctx context.Context, c Config, l io.ReadWriteCloser, speak display.Dialect, prompts chan pos.Prompt, t *supervise.Tally) error {
	var lost error
	heard, done, ended := make(chan display.Heard), make(chan struct{}), make(chan struct{})
	go func() { // a display says little, but its silence ends when the cable does
		defer close(ended)
		lost = hear(l, speak, heard, done)
	}()
	defer func() {
		close(done)
		_ = l.Close()
		<-ended
	}()
	d.mu.Lock()
	p := d.last
	select {
	case <-prompts: // it is not told the same twice
	default:
	}
	d.mu.Unlock()
	ask := make(<-chan time.Time)
	if len(speak.Ask) > 0 {
		ticker := time.NewTicker(askEvery)
		defer ticker.Stop()
		ask = ticker.C
	}
	speechless := false // it was said that this display shows no words
	for fresh, draw, again := true, true, false; ; {
		if draw {
			bytes, err := d.page(c, speak, p, t)
			if err != nil && !speechless {
				speechless = true
				d.refused(c, t, err)
			}
			if fresh {
				bytes = append(slices.Clone(speak.Open), bytes...)
			}
			if _, err := l.Write(bytes); err != nil {
				return err
			}
			t.Good.Add(1)
		}
		fresh, draw = false, true
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return lost
		case p = <-prompts:
			again = false
		case <-ask:
			if _, err := l.Write(speak.Ask); err != nil {
				return err
			}
			draw = false
		case h := <-heard:
			switch {
			case h.Redraw:
				fresh, again = true, false
			case again:
				t.Rejected.Add(1)
				d.refused(c, t, errors.New("the display refuses: "+h.Fault))
				draw = false
			default:
				t.Rejected.Add(1)
				again = true
			}
		}
	}
}

// page is a prompt in a display's bytes, and why its words are not shown. A QR that it cannot draw is left out, and
// its lines say where to look.
func (d *Desk) page(c Config, speak display.Dialect, p pos.Prompt, t *supervise.Tally) ([]byte, error) {
	if p.Kind != pos.PromptQR && p.Kind != pos.PromptTest {
		p.QR = ""
	}
	if p.QR != "" {
		if err := speak.Draws(p.QR); err != nil {
			p.QR = ""
			if !errors.Is(err, display.ErrNoQR) { // a display without QRs was chosen so
				d.refused(c, t, err)
			}
		}
	}
	page := display.Page{Kind: p.Kind, Lines: d.o.Text(p), QR: p.QR}
	if d.o.Hints != nil {
		page.Hints = d.o.Hints(p)
	}
	if p.Amount.Currency != "" {
		page.Amount = p.Amount.String()
	}
	return speak.Encode(page), speak.Omits(page)
}

// refused tells a person that a display which answers does not show what it should.
func (d *Desk) refused(c Config, t *supervise.Tally, err error) {
	t.Wrong(err)
	d.o.Trouble(pos.Trouble{Code: pos.TroubleDisplayRefuses, About: c.Name, Passing: true, Since: time.Now()})
}

// hear reads what a display says until its line ends.
func hear(l io.Reader, speak display.Dialect, heard chan<- display.Heard, done <-chan struct{}) error {
	listen := func([]byte) []display.Heard { return nil }
	if speak.Listen != nil {
		listen = speak.Listen()
	}
	b := make([]byte, 256)
	for {
		n, err := l.Read(b)
		for _, h := range listen(b[:n]) {
			select {
			case heard <- h:
			case <-done:
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}
