package devices

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"posd/devices/display"
	"posd/devices/printer"
	"posd/devices/supervise"
	"posd/pos"
)

// printers is every printer dialect there is.
var printers = map[string]func(printer.Settings) (printer.Dialect, error){
	"escpos": printer.ESCPOS, // nearly all of them
}

// Paces of a printer.
const (
	lookEvery   = 15 * time.Second       // how often an idle printer is asked how it stands
	answerAfter = 500 * time.Millisecond // it answers at once or not at all
	takenWithin = 15 * time.Second       // a slip waits so long for the one before it
	printPiece  = 256                    // bytes at a time
	usbBaud     = 12_000_000             // of a printer on USB, and more
	mostPrinted = 2000                   // slips that are remembered, to know a copy
)

// printerDialect is a printer's dialect. One that would print a picture over a slow line is none.
func printerDialect(c Config) (printer.Dialect, error) {
	if shapeLP.MatchString(c.Port) {
		c.Baud = usbBaud
	}
	c.Printer = c.Printer.Draws(c.Baud)
	d, err := printers[c.Driver](c.Printer)
	if err != nil {
		return printer.Dialect{}, err
	}
	return d, c.Printer.Slow(c.Baud)
}

// press is one printer in use. A slip is handed to whoever has its line open, and to nobody later.
type press struct {
	d     *Desk
	c     Config
	speak printer.Dialect
	slips chan printJob
}

type printJob struct {
	slip pos.Slip
	done chan pos.Printed // holds one
}

// usePrinter puts a printer to use.
func (d *Desk) usePrinter(c Config, v *supervise.Device) error {
	dialect, err := printerDialect(c)
	if err != nil {
		return err
	}
	p := &press{d, c, dialect, make(chan printJob)}
	d.presses = append(d.presses, p)
	v.Use = p.print
	return nil
}

// Print prints a slip on the first printer that is ready. Once its first byte went out it is never sent again by
// itself: what happened is told, and a person looks at the paper. A slip that was begun before is printed as a copy,
// and says so.
func (d *Desk) Print(ctx context.Context, slip pos.Slip) pos.Printed {
	if len(d.presses) == 0 {
		return pos.Printed{What: pos.SlipNoPrinter}
	}
	p := d.presses[0]
	i := slices.IndexFunc(d.presses, func(p *press) bool { return d.ready(p.c.Name) })
	if i < 0 {
		return pos.Printed{What: pos.SlipNotReady, Why: d.lastError(p.c.Name)}
	}
	p = d.presses[i]
	return p.put(ctx, printJob{slip: slip, done: make(chan pos.Printed, 1)})
}

// encode makes the bytes of a slip, and tells what the printer cannot print of it.
func (p *press) encode(slip pos.Slip, again bool) (b []byte, lacking []pos.PrinterLack) {
	if again {
		slip.Lines = slices.Concat(p.d.sentences("slip.copy"), slip.Lines)
	}
	b, lacks := p.speak.Encode(slip)
	if lacks.Letters && p.d.o.Say != nil {
		slip.Lines = slices.Concat(slip.Lines, p.d.sentences("slip.letters"))
		b, lacks = p.speak.Encode(slip)
		lacks.Letters = true
	}
	if lacks.Letters {
		lacking = append(lacking, pos.LackLetters)
	}
	if lacks.QR {
		lacking = append(lacking, pos.LackQR)
	}
	return b, lacking
}

// put hands a slip over and waits for what becomes of it.
func (p *press) put(ctx context.Context, job printJob) pos.Printed {
	late := time.NewTimer(takenWithin)
	defer late.Stop()
	select {
	case p.slips <- job:
	case <-late.C:
		return pos.Printed{What: pos.SlipBusy}
	case <-ctx.Done():
		return pos.Printed{What: pos.SlipBusy, Why: "nobody waits for it any longer"}
	}
	return <-job.done // whoever took it answers: every wait of theirs has an end
}

// begins remembers that paper may exist of a slip from now on, and reports whether it may have before. Another text
// about the same sale, refund or day is another slip. Where it cannot be written down, it is known until the register
// stops: a shopper waits for the paper.
func (d *Desk) begins(ctx context.Context, slip pos.Slip) (again bool) {
	if slip.Kind == pos.SlipTest {
		return false
	}
	key := fmt.Sprintf("%s %s %x", slip.Kind, slip.About, sha256.Sum256(slip.Said()))
	d.mu.Lock()
	again = slices.Contains(d.printed, key)
	if !again {
		d.printed = append(d.printed, key)
		d.printed = d.printed[max(0, len(d.printed)-mostPrinted):]
	}
	d.mu.Unlock()
	if again || d.o.Begins == nil {
		return again
	}
	again, err := d.o.Begins(ctx, slip)
	if err != nil {
		d.o.Log.WarnContext(ctx, "slip not remembered", "part", "desk", "about", slip.About, "err", err)
	}
	return again
}

// sentences are lines of a slip that are not of the sale: the same in each language.
func (d *Desk) sentences(id string) (lines []pos.SlipLine) {
	if d.o.Say == nil {
		return nil
	}
	for _, s := range d.o.Say(id) {
		lines = append(lines, pos.SlipLine{Text: s, Center: true, Bold: true})
	}
	return lines
}

func (d *Desk) ready(name string) bool {
	return slices.ContainsFunc(d.Standing(), func(v pos.Device) bool { return v.Name == name && v.State == pos.DeviceReady })
}

func (d *Desk) lastError(name string) string {
	for _, v := range d.Standing() {
		if v.Name == name {
			return v.LastError
		}
	}
	return ""
}

// print prints slips on one printer until its line ends, and asks now and then how it stands.
func (p *press) print(ctx context.Context, l io.ReadWriteCloser, t *supervise.Tally) error {
	answers, done, ended := make(chan byte, 64), make(chan struct{}), make(chan struct{})
	var lost error
	go func() {
		defer close(ended)
		if lost = p.hear(l, answers, done); lost == nil {
			<-done
		}
	}()
	defer func() {
		close(done)
		_ = l.Close()
		<-ended
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	at := &asking{p: p, line: l, answers: answers, ended: ended, tally: t}
	if err := at.look(ctx); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return lost
		case <-look.C:
			if err := at.look(ctx); err != nil {
				return err
			}
		case job := <-p.slips:
			said, err := at.print(ctx, job.slip)
			job.done <- said
			if err != nil {
				return err
			}
		}
	}
}

// hear reads what the printer says until its line ends. One that says nothing is not read.
func (p *press) hear(l io.Reader, answers chan<- byte, done <-chan struct{}) error {
	if p.speak.Silent {
		return nil
	}
	b := make([]byte, 64)
	for {
		n, err := l.Read(b)
		for _, c := range b[:n] {
			select {
			case answers <- c:
			case <-done:
				return err
			default: // nobody asks: what it says by itself is old when somebody does
			}
		}
		if err != nil {
			return err
		}
	}
}

// asking is a printer on an open line.
type asking struct {
	p       *press
	line    io.Writer
	answers <-chan byte
	ended   <-chan struct{}
	tally   *supervise.Tally
	spoke   bool   // it has answered on this line: then silence means something
	stopped string // why it prints nothing, as it was told to people
}

// errSilent says that a printer which used to answer does not.
var errSilent = errors.New("the printer does not answer: is it switched on?")

// state asks every question, and waits at most so long for each answer. A printer that never answered may be one that
// cannot, and nothing is known.
func (a *asking) state(ctx context.Context, within time.Duration) (s printer.State, err error) {
	if a.p.speak.Silent {
		return s, nil
	}
	for _, n := range printer.Questions() {
		for drained := false; !drained; {
			select {
			case <-a.answers:
			default:
				drained = true
			}
		}
		if _, err := a.line.Write(printer.Question(n)); err != nil {
			return printer.State{}, err
		}
		late := time.NewTimer(within)
		for known := false; !known && err == nil; {
			select {
			case b := <-a.answers:
				s, known = s.Learn(n, b)
			case <-late.C:
				if a.spoke {
					err = errSilent
				}
				late.Stop()
				return printer.State{}, err
			case <-a.ended:
				err = io.ErrUnexpectedEOF
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		late.Stop()
		if err != nil {
			return printer.State{}, err
		}
		a.spoke, within = true, answerAfter
	}
	return s, nil
}

// look tells people when the printer stops and when it goes on.
func (a *asking) look(ctx context.Context) error {
	s, err := a.state(ctx, answerAfter)
	switch {
	case errors.Is(err, errSilent):
		a.stops("silent")
		return nil
	case err != nil:
		return err
	}
	a.stops(s.Stops())
	return nil
}

// stops tells people why the printer prints nothing; empty when it prints again.
func (a *asking) stops(why string) {
	if why == a.stopped {
		return
	}
	a.stopped = why
	if why == "" {
		a.p.d.o.Clear(pos.TroublePaper, a.p.c.Name)
		a.tally.Wrong(nil)
		return
	}
	a.tally.Wrong(errors.New(stopWords[why]))
	a.p.d.o.Trouble(pos.Trouble{Code: pos.TroublePaper, About: a.p.c.Name, Since: time.Now()})
}

// stopWords say to a technician why a printer prints nothing.
var stopWords = map[string]string{"cover": "its cover is open", "paper": "it has no paper", "error": "its knife or head needs a person",
	"offline": "it is offline", "silent": errSilent.Error()}

// stopKinds are the same for whoever wants a slip.
var stopKinds = map[string]pos.PrintedAs{"cover": pos.SlipCover, "paper": pos.SlipPaper, "error": pos.SlipError, "offline": pos.SlipOffline}

// print prints one slip, or says why not. An error is the line's, and the slip has been answered for.
func (a *asking) print(ctx context.Context, slip pos.Slip) (said pos.Printed, err error) {
	s, err := a.state(ctx, answerAfter)
	switch {
	case errors.Is(err, errSilent):
		a.stops("silent")
		return pos.Printed{What: pos.SlipNotReady, Why: err.Error()}, nil
	case err != nil:
		return pos.Printed{What: pos.SlipNotReady, Why: err.Error()}, err
	}
	a.stops(s.Stops())
	if why := s.Stops(); why != "" {
		return pos.Printed{What: stopKinds[why], Why: stopWords[why]}, nil
	}
	again := a.p.d.begins(ctx, slip) // only now: the one before it may have been the same
	b, lacks := a.p.encode(slip, again)
	defer func() { said.Copy, said.Lacks, said.Told = again, lacks, s.Known }()
	for piece := range slices.Chunk(b, printPiece) {
		if _, err := a.line.Write(piece); err != nil {
			return a.uncertain(err.Error()), err
		}
		if ctx.Err() != nil {
			return a.uncertain("the register was stopped"), ctx.Err()
		}
	}
	// The bytes may still be on the wire, and the question comes after them.
	s, err = a.state(ctx, answerAfter+2*display.OnWire(len(b), a.p.c.Baud))
	switch {
	case errors.Is(err, errSilent):
		a.stops("silent")
		return a.uncertain(err.Error()), nil
	case err != nil:
		return a.uncertain(err.Error()), err
	}
	a.stops(s.Stops())
	if why := s.Stops(); why != "" {
		return a.uncertain(stopWords[why]), nil
	}
	a.tally.Good.Add(1)
	return pos.Printed{OK: true, What: pos.SlipPrinted}, nil
}

// uncertain tells a person that nobody knows what is on the paper.
func (a *asking) uncertain(why string) pos.Printed {
	a.tally.Rejected.Add(1)
	a.p.d.o.Trouble(pos.Trouble{Code: pos.TroubleSlip, About: a.p.c.Name, Passing: true, Since: time.Now()})
	return pos.Printed{What: pos.SlipUncertain, Why: why}
}
