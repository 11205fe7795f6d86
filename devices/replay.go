package devices

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"posd/devices/recording"
	"posd/devices/scanner"
	"posd/pos"
)

// tapped is a line on which somebody listens.
type tapped struct {
	io.ReadWriteCloser
	heard func([]byte)
}

func (t tapped) Read(b []byte) (int, error) {
	n, err := t.ReadWriteCloser.Read(b)
	if n > 0 {
		t.heard(b[:n])
	}
	return n, err
}

// Replayed is one thing that a driver made of a recording.
type Replayed struct {
	At    time.Duration // since the recording began
	What  string        // code, rejected, said, redraw, fault
	Text  string        // a code is masked
	AIM   string
	Whole bool
	Wrote string // what the driver would have written to the device, in hex
}

// Replay feeds a recording to its driver. descriptor is the report descriptor of a HID device.
func Replay(c Config, descriptor []byte, chunks []recording.Chunk) ([]Replayed, error) {
	if err := Fits(c); err != nil {
		return nil, err
	}
	if c.Role == pos.RoleDisplay {
		return replayDisplay(c, chunks)
	}
	speak, err := replayer(c, descriptor)
	if err != nil {
		return nil, err
	}
	var all []Replayed
	begin := time.Unix(0, 0)
	took := func(at time.Time, events []scanner.Event, write []byte) {
		wrote := hex.EncodeToString(write)
		for _, e := range events {
			r := Replayed{At: at.Sub(begin), What: "code", Text: e.Code.String(), AIM: e.Identifier(), Whole: e.Whole()}
			switch {
			case e.Rejected != "":
				r.What, r.Text = "rejected", string(e.Rejected)
			case e.Said != "":
				r.What, r.Text = "said", e.Said
			default:
				_, family := pos.Scan{Code: e.Code, AIM: e.Identifier()}.Read()
				r.Text = fmt.Sprintf("%s %s, %d characters", family, e.Code, len([]rune(e.Code.Reveal())))
			}
			r.Wrote, wrote = wrote, ""
			all = append(all, r)
		}
		if wrote != "" {
			all = append(all, Replayed{At: at.Sub(begin), What: "said", Wrote: wrote})
		}
	}
	quiet := func(until time.Time) {
		for range 100 { // a driver that always wants to be called again would never end
			at := speak.Deadline()
			if at.IsZero() || at.After(until) {
				return
			}
			events, write := speak.Idle(at)
			took(at, events, write)
		}
	}
	took(begin, nil, speak.Say(scanner.Setup, begin))
	last := begin
	for _, k := range chunks {
		last = begin.Add(k.At)
		quiet(last)
		events, write := speak.Feed(k.B, last)
		took(last, events, write)
	}
	quiet(last.Add(time.Minute))
	return all, nil
}

// replayer is a scanner's dialect without its line.
func replayer(c Config, descriptor []byte) (dialect, error) {
	c.Scanner.Dedupe = sameScan
	switch c.Driver {
	case "ssi":
		return scanner.NewSSI(c.Scanner), nil
	case "hidpos":
		return scanner.NewHIDPOS(c.Scanner, descriptor)
	case "evdev":
		return scanner.NewKeys(c.Scanner), nil
	}
	return scanner.NewLine(c.Scanner), nil
}

func replayDisplay(c Config, chunks []recording.Chunk) (all []Replayed, _ error) {
	speak, err := displays[c.Driver](c.Display)
	if err != nil || speak.Listen == nil {
		return nil, err
	}
	listen := speak.Listen()
	for _, k := range chunks {
		for _, h := range listen(k.B) {
			r := Replayed{At: k.At, What: "fault", Text: h.Fault}
			if h.Redraw {
				r.What = "redraw"
			}
			all = append(all, r)
		}
	}
	return all, nil
}
