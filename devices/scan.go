package devices

import (
	"context"
	"errors"
	"io"
	"time"

	"posd/devices/line"
	"posd/devices/scanner"
	"posd/devices/supervise"
	"posd/pos"
)

// dialect is how one scanner speaks, from when its line was opened until it ends: bytes and their times in,
// codes and what to write out.
type dialect interface {
	Feed(b []byte, at time.Time) ([]scanner.Event, []byte)
	Idle(at time.Time) ([]scanner.Event, []byte)
	Deadline() time.Time // when Idle wants to be called, or zero
	Say(w scanner.Word, at time.Time) []byte
}

// opened is a line that was just opened.
type opened interface {
	io.ReadWriteCloser
	Settle(quiet, rest, within time.Duration) (spoke time.Time, err error)
}

// scannerDriver opens the lines of a kind of scanner and speaks its dialect on them.
type scannerDriver func(context.Context, Config) (opened, dialect, error)

// scanners is every scanner driver there is: hardware that speaks one of them needs no code.
func scanners() map[string]scannerDriver {
	return map[string]scannerDriver{
		"line":   serial(func(s scanner.Settings) dialect { return scanner.NewLine(s) }), // an end after each code, and the maker's commands
		"ssi":    serial(func(s scanner.Settings) dialect { return scanner.NewSSI(s) }),  // Zebra's packets
		"hidpos": hidpos,                                                                 // reports of a scanner on USB
		"evdev":  evdev,                                                                  // a scanner that types
	}
}

func serial(speak func(scanner.Settings) dialect) scannerDriver {
	return func(ctx context.Context, c Config) (opened, dialect, error) {
		l, err := line.Open(ctx, c.Port, c.Baud)
		if err != nil {
			return nil, nil, err
		}
		return l, speak(c.Scanner), nil
	}
}

func hidpos(ctx context.Context, c Config) (opened, dialect, error) {
	l, err := line.OpenHID(ctx, c.Port)
	if err != nil {
		return nil, nil, err
	}
	speak, err := reports(l, c)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, speak, nil
}

// reports makes the dialect of an open HID device, and wakes one that is silent until it is told to speak.
func reports(l *line.HID, c Config) (dialect, error) {
	speak, err := scanner.NewHIDPOS(c.Scanner, l.Descriptor())
	if err != nil {
		return nil, err
	}
	if len(c.Scanner.Feature) > 0 {
		return woken{speak, l.Feature(c.Scanner.Feature)}, nil
	}
	return speak, nil
}

// woken is a scanner that was told to speak. It may have refused, and is read all the same: another firmware
// may need no waking.
type woken struct {
	dialect
	refused error
}

func evdev(ctx context.Context, c Config) (opened, dialect, error) {
	l, err := line.OpenKeys(ctx, c.Port)
	if err != nil {
		return nil, nil, err
	}
	return l, scanner.NewKeys(c.Scanner), nil
}

// Paces and limits of a scanner.
const (
	openQuiet    = 200 * time.Millisecond // no code pauses so long
	openRest     = time.Second            // what follows the end of a code so soon may be more of it
	openWithin   = 2 * time.Second        // a code may lie in view of a scanner for longer
	sameScan     = time.Second            // the same bytes are one scan so long: presentation scanners read a code left in view again
	garbledAfter = 3                      // noise so often in a row is no accident
	verdictAfter = 3 * time.Second        // a scanner that waits to hear whether its code was taken gives up after ten
	mostWords    = 8                      // unsaid; a scanner that takes none is lost soon
	longRead     = 4096                   // bytes: a read takes a whole report, and a serial line's all
	unheard      = 6                      // reads that wait while the till takes a code: when they came tells silence
)

// scan is one scanner at the desk.
type scan struct {
	d       *Desk
	c       Config
	words   chan scanner.Word
	doubt   time.Time    // a code that comes before may have begun before its line was opened
	noise   int          // in a row
	taken   bool         // the last code
	verdict time.Time    // until when the scanner waits for one; zero when it does not
	later   scanner.Word // what it is told after that
}

// scanner makes a scanner of a driver.
func (d *Desk) scanner(c Config, open scannerDriver, v *supervise.Device) {
	c.Scanner.Dedupe = sameScan
	s := &scan{d: d, c: c, words: make(chan scanner.Word, mostWords)}
	d.scans = append(d.scans, s)
	var speak dialect // of the line that is open
	v.Open = func(ctx context.Context) (_ io.ReadWriteCloser, err error) {
		at, err := resolved(d.o.Roots, c)
		if err != nil {
			return nil, err
		}
		var l opened
		if l, speak, err = open(ctx, at); err != nil {
			return nil, err
		}
		if err := s.settle(ctx, l); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		return l, nil
	}
	v.Use = func(ctx context.Context, l io.ReadWriteCloser, t *supervise.Tally) error {
		return s.use(ctx, l, speak, t)
	}
}

// settle lets pass what was scanned before the line was open: it may be half a code, or that of a shopper who has left.
// Only then the scanner is ready, and nobody who plugs it in scans sooner.
func (s *scan) settle(ctx context.Context, l opened) error {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	spoke, err := l.Settle(openQuiet, openRest, openWithin)
	if s.doubt = (time.Time{}); !spoke.IsZero() {
		s.doubt = spoke.Add(openRest)
	}
	return err
}

// say hands a word over. It never blocks.
func (s *scan) say(w scanner.Word) {
	select {
	case s.words <- w:
	default:
	}
}

// Feel makes a scanner say whether its code was taken, where it can: with a tone, a light, a shake.
func (d *Desk) Feel(name string, taken bool) {
	w := scanner.Bad
	if taken {
		w = scanner.Good
	}
	d.tell(name, w)
}

// look makes every scanner that can be told look for a code while the shopper is asked for one.
func (d *Desk) look(p pos.PromptKind) {
	w := scanner.Stop
	switch p {
	case pos.PromptScan, pos.PromptWrongCode, pos.PromptHolding: // while a code is held, a fresh one may take its place
		w = scanner.Trigger
		d.yield()
	default:
		if !d.looking {
			return
		}
	}
	d.looking = w == scanner.Trigger
	for _, s := range d.scans {
		s.say(w)
	}
}

// begin forgets what a scanner that is gone was told, and tells the one that came what is wanted of it now: a code for
// a shopper, or for whoever tries it.
func (s *scan) begin() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	for len(s.words) > 0 {
		<-s.words
	}
	if s.d.looking || s.d.trials[s.c.Name] != nil {
		s.say(scanner.Trigger)
	}
}

// chunk is what one read gave.
type chunk struct {
	b   []byte
	at  time.Time
	err error
}

// use reads one scanner until its line ends, and hands each code over as soon as it is certain. Its error is
// the line's. One goroutine reads, because silence ends a code too and a read cannot be hurried; it has
// ended when use returns.
func (s *scan) use(ctx context.Context, l io.ReadWriteCloser, speak dialect, t *supervise.Tally) error {
	chunks, done := make(chan chunk, unheard), make(chan struct{})
	over, stop := context.WithCancel(ctx)
	go func() {
		defer close(done)
		var ring [unheard + 2][longRead]byte // one more is decoded, and one is read into
		for i := 0; ; i = (i + 1) % len(ring) {
			n, err := l.Read(ring[i][:])
			select {
			case chunks <- chunk{ring[i][:n], time.Now(), err}:
			case <-over.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		stop()
		_ = l.Close()
		<-done
	}()
	return s.converse(ctx, l, speak, t, chunks)
}

func (s *scan) converse(ctx context.Context, l io.Writer, speak dialect, t *supervise.Tally, chunks <-chan chunk) error {
	s.verdict, s.later = time.Time{}, 0
	s.begin()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	if w, ok := speak.(woken); ok && w.refused != nil {
		t.Wrong(w.refused)
	}
	var write []byte
	if !s.doubt.IsZero() {
		t.Rejected.Add(1)
		if s.c.Scanner.Ack { // it waits for a verdict, and hears nothing else before
			write = speak.Say(scanner.Bad, time.Now())
		}
	}
	write = append(write, speak.Say(scanner.Setup, time.Now())...)
	for {
		if len(write) > 0 {
			if _, err := l.Write(write); err != nil {
				return err
			}
		}
		timer.Reset(until(speak.Deadline(), s.verdict))
		var events []scanner.Event
		var at time.Time
		var read chunk
		select {
		case <-ctx.Done():
			return ctx.Err()
		case read = <-chunks:
		case w := <-s.words:
			at = time.Now()
			write = s.felt(w, speak, at)
		case <-timer.C:
			select {
			case read = <-chunks: // no silence: it was not looked at
			default:
				at = time.Now()
				events, write = speak.Idle(at)
			}
		}
		if !read.at.IsZero() {
			at = read.at
			events, write = speak.Feed(read.b, at)
			if read.err != nil {
				s.hear(events, t, at)
				return read.err
			}
		}
		if w := s.hear(events, t, at); w != 0 { // last, so that the code is with the till before anything is written
			write = append(write, s.said(w, speak, at)...)
		}
	}
}

// felt is what to write for a word. A verdict that nobody waits for any more is left out, and a scanner that
// waits for one is told nothing else before.
func (s *scan) felt(w scanner.Word, speak dialect, at time.Time) []byte {
	if w == scanner.Good || w == scanner.Bad {
		if s.c.Scanner.Ack && s.verdict.IsZero() {
			return nil
		}
		s.taken, s.verdict = w == scanner.Good, time.Time{}
	} else if !s.verdict.IsZero() {
		s.later = w
		return nil
	}
	return s.said(w, speak, at)
}

// said is a word's bytes, and those of what had to wait for it.
func (s *scan) said(w scanner.Word, speak dialect, at time.Time) []byte {
	write := speak.Say(w, at)
	if s.later != 0 {
		write = append(write, speak.Say(s.later, at)...)
		s.later = 0
	}
	return write
}

// hear takes what a scanner said, and answers one that waits to hear what became of its code: a code left
// in view as before, noise and a till that is silent with a no.
func (s *scan) hear(events []scanner.Event, t *supervise.Tally, at time.Time) (w scanner.Word) {
	waits := s.c.Scanner.Ack
	if !s.verdict.IsZero() && !at.Before(s.verdict) {
		s.taken, s.verdict, w = false, time.Time{}, scanner.Bad
	}
	for _, e := range events {
		switch {
		case e.Rejected == scanner.Duplicate:
			if waits && s.verdict.IsZero() {
				w = scanner.Bad
				if s.taken {
					w = scanner.Good
				}
			}
		case e.Rejected == scanner.Refused, e.Rejected == scanner.NoAnswer:
			t.Wrong(errors.New("the scanner: " + e.Said))
		case e.Rejected != "":
			t.Rejected.Add(1)
			if e.Rejected.Noise() {
				if s.noise++; s.noise == garbledAfter {
					s.d.o.Trouble(pos.Trouble{Code: pos.TroubleGarbled, About: s.c.Name, Since: time.Now()})
				}
				if waits && s.verdict.IsZero() {
					w = scanner.Bad
				}
			}
		case e.Said != "":
		case at.Before(s.doubt):
			t.Rejected.Add(1)
			if waits {
				w = scanner.Bad
			}
		default:
			if waits {
				s.verdict = at.Add(verdictAfter)
			}
			s.code(e, t)
		}
	}
	return w
}

func (s *scan) code(e scanner.Event, t *supervise.Tally) {
	t.Good.Add(1)
	s.d.scanned(pos.Scan{Device: s.c.Name, Code: e.Code, AIM: e.Identifier(), Whole: e.Whole(), At: e.At})
	if s.noise >= garbledAfter {
		s.d.o.Clear(pos.TroubleGarbled, s.c.Name)
	}
	s.noise = 0
	if s.c.Scanner.AIM && e.AIM == "" {
		t.Wrong(errors.New("it sends no AIM identifiers any more: scan its set-up codes again"))
	}
}

// until is how long to the sooner of two times, of which either may be zero for never.
func until(a, b time.Time) time.Duration {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		a = b
	}
	if a.IsZero() {
		return time.Hour
	}
	return max(0, time.Until(a))
}
