package devices

import (
	"context"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"posd/devices/scanner"
	"posd/devices/supervise"
	"posd/pos"
)

// How long a trial lasts.
const (
	scanWithin = 30 * time.Second
	testShown  = 20 * time.Second
)

// Test tries a device. A scanner reads one code, which goes to nobody else; a display shows a test picture for
// a while, or until the till has something to show; a printer prints the slip. A sale that asks for a code has the scanner first: its trial is
// refused, or ends. It blocks for as long as the trial lasts; an error is about the question and not about the device.
func (d *Desk) Test(ctx context.Context, name string, slip pos.Slip) (pos.Trial, error) {
	i := slices.IndexFunc(d.list, func(v *supervise.Device) bool { return v.Name == name })
	if i < 0 {
		return pos.Trial{}, pos.Refuse("desk.test", pos.NotFound, "%q", name)
	}
	v := d.list[i]
	if at := v.Standing(); at.State != pos.DeviceReady {
		return pos.Trial{What: "not_ready", Args: map[string]string{"why": at.LastError, "port": at.Port}}, nil
	}
	switch v.Role {
	case pos.RoleScanner:
		return d.tryScanner(ctx, v)
	case pos.RoleDisplay:
		return d.tryDisplay(name), nil
	}
	return d.tryPrinter(ctx, name, slip), nil
}

// tryPrinter prints on that printer and on no other, and tells what it said itself.
func (d *Desk) tryPrinter(ctx context.Context, name string, slip pos.Slip) pos.Trial {
	p := d.presses[slices.IndexFunc(d.presses, func(p *press) bool { return p.c.Name == name })]
	came := p.put(ctx, printJob{slip: slip, done: make(chan pos.Printed, 1)})
	args := map[string]string{"why": came.Why}
	for _, lack := range came.Lacks {
		args[string(lack)] = "lacks"
	}
	if !came.Told {
		args["silent"] = "says nothing"
	}
	return pos.Trial{OK: came.OK, What: string(came.What), Args: args}
}

func (d *Desk) tryScanner(ctx context.Context, v *supervise.Device) (pos.Trial, error) {
	read := make(chan pos.Scan, 1)
	d.mu.Lock()
	_, busy := d.trials[v.Name]
	if busy = busy || d.looking; !busy {
		d.trials[v.Name] = read
		d.tell(v.Name, scanner.Trigger)
	}
	d.mu.Unlock()
	if busy {
		return pos.Trial{}, pos.Refuse("desk.test", pos.ScannerBusy, "%q", v.Name)
	}
	defer d.tried(v.Name, read)
	before := v.Standing().Counters
	timer := time.NewTimer(d.scanWithin)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return pos.Trial{}, ctx.Err()
	case scan, ok := <-read:
		if !ok {
			return pos.Trial{}, pos.Refuse("desk.test", pos.ScannerBusy, "%q: a shopper is asked for a code", v.Name)
		}
		code, family := scan.Read()
		args := map[string]string{"family": string(family), "code": code.String(), "aim": scan.AIM, "n": strconv.Itoa(utf8.RuneCountInString(code.Reveal()))}
		if !scan.Whole {
			return pos.Trial{What: "unended", Args: args}, nil
		}
		return pos.Trial{OK: true, What: "read", Args: args}, nil
	case <-timer.C:
	}
	now := v.Standing()
	switch {
	case now.State != pos.DeviceReady:
		return pos.Trial{What: "not_ready", Args: map[string]string{"why": now.LastError, "port": now.Port}}, nil
	case now.Counters.BytesIn > before.BytesIn:
		return pos.Trial{What: "garbled", Args: map[string]string{"n": strconv.FormatInt(now.Counters.BytesIn-before.BytesIn, 10)}}, nil
	}
	return pos.Trial{What: "silent"}, nil
}

// tried ends a trial. The scanner goes on looking for a shopper, or for the next trial.
func (d *Desk) tried(name string, read chan pos.Scan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trials[name] == read {
		delete(d.trials, name)
	}
	if _, next := d.trials[name]; !next && !d.looking {
		d.tell(name, scanner.Stop)
	}
}

// yield ends every trial, because a shopper is asked for a code: the next one is the shopper's. The caller
// holds the lock.
func (d *Desk) yield() {
	for _, read := range d.trials {
		close(read)
	}
	clear(d.trials)
}

// tell says a word to one scanner.
func (d *Desk) tell(name string, w scanner.Word) {
	for _, s := range d.scans {
		if s.c.Name == name {
			s.say(w)
		}
	}
}

// scanned hands a code to whoever tries the scanner, else to the register. Nobody tries one while a shopper is
// asked for a code.
func (d *Desk) scanned(s pos.Scan) {
	d.mu.Lock()
	read := d.trials[s.Device]
	delete(d.trials, s.Device) // a trial reads one
	d.mu.Unlock()
	if read != nil {
		read <- s
		d.tell(s.Device, scanner.Good)
		return
	}
	d.o.Scanned(s)
}

// tryDisplay shows the picture on that display alone, and then again what belongs there.
func (d *Desk) tryDisplay(name string) pos.Trial {
	now := time.Now()
	text := "posd " + name + " " + now.UTC().Format("15:04:05")
	d.mu.Lock()
	defer d.mu.Unlock()
	display, shows := d.prompts[name], d.shows
	put(display, pos.Prompt{Kind: pos.PromptTest, QR: text, At: now})
	time.AfterFunc(d.testShown, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.shows == shows { // else the till has shown something since
			put(display, d.last)
		}
	})
	return pos.Trial{OK: true, What: "shown", Args: map[string]string{"text": text, "seconds": strconv.Itoa(int(d.testShown.Seconds()))}}
}
