// Package devices is the desk: the hardware on the counter, kept open and spoken to in its dialects.
//
// A driver knows one dialect and is pure; supervise opens, retries and counts, once for all; line is
// the only way to a serial port. The desk decides nothing about money: a code goes to whoever asked
// for scans, a prompt goes to every display.
package devices

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"posd/devices/display"
	"posd/devices/line"
	"posd/devices/ports"
	"posd/devices/printer"
	"posd/devices/profiles"
	"posd/devices/scanner"
	"posd/devices/supervise"
	"posd/pos"
)

// Config is one device as the configuration has it.
type Config struct {
	Name   string
	Role   pos.Role
	Driver string
	Port   string
	Baud   int

	// What its profile says about it; the zero value of its role's settings where it has none.
	Scanner scanner.Settings
	Display display.Settings
	Printer printer.Settings
}

// Options are what a desk is made of. The functions must return at once.
type Options struct {
	Devices []Config
	Scanned func(pos.Scan)   // a whole code
	Tell    func(pos.Device) // a device's standing changed
	Trouble func(pos.Trouble)
	Clear   func(code pos.TroubleCode, about string)
	Text    func(pos.Prompt) []string // finished lines for a display; a QR prompt without its QR is shown elsewhere
	Roots   ports.Roots               // where devices are found; the zero value is this machine
	Known   profiles.Set              // products to recognise
	Heard   func(b []byte)            // every byte that a device says, before it is decoded; may be nil
	Hints   func(pos.Prompt) []string // one short line for a display of two, once in each language
	Say     func(id string) []string  // a sentence for a slip, once in each language; may be nil
	Log     *slog.Logger

	// Begins remembers for good that a slip is about to be printed, and reports whether it was before. Without it a
	// slip is known until the register stops.
	Begins func(context.Context, pos.Slip) (again bool, err error)
}

// Drivers lists the drivers of each role.
func Drivers() map[pos.Role][]string {
	return map[pos.Role][]string{
		pos.RoleScanner: slices.Sorted(maps.Keys(scanners())),
		pos.RoleDisplay: slices.Sorted(maps.Keys(displays)),
		pos.RolePrinter: slices.Sorted(maps.Keys(printers)),
	}
}

// Fits says why a device cannot be driven with its settings; nil when it can.
func Fits(c Config) error {
	if known := Drivers()[c.Role]; !slices.Contains(known, c.Driver) {
		return fmt.Errorf("no driver %q for a %s; known are: %s", c.Driver, c.Role, strings.Join(known, ", "))
	}
	switch c.Role {
	case pos.RoleScanner:
		return c.Scanner.Fits(c.Driver)
	case pos.RoleDisplay:
		_, err := displayDialect(c)
		return err
	case pos.RolePrinter:
		_, err := printerDialect(c)
		return err
	}
	return nil
}

// shapeLP is a printer on USB that is no serial line.
var shapeLP = regexp.MustCompile(`/lp[0-9]+$`)

// Desk is the counter's hardware.
type Desk struct {
	o       Options
	list    []*supervise.Device
	prompts map[string]chan pos.Prompt // one a display, holding the latest
	scans   []*scan
	presses []*press

	mu      sync.Mutex
	last    pos.Prompt
	printed []string                 // slips that were begun
	shows   int                      // how often the till had something to show
	looking bool                     // the scanners were told to look for a code
	trials  map[string]chan pos.Scan // scanners that are being tried, by name

	scanWithin, testShown time.Duration // how long a trial lasts
}

// New makes a desk; Run starts it.
func New(o Options) (*Desk, error) { return newDesk(o, scanners()) }

func newDesk(o Options, scanners map[string]scannerDriver) (*Desk, error) {
	d := &Desk{o: o, last: pos.Prompt{Kind: pos.PromptIdle}, prompts: map[string]chan pos.Prompt{}, trials: map[string]chan pos.Scan{},
		scanWithin: scanWithin, testShown: testShown}
	for _, c := range o.Devices {
		if err := Fits(c); err != nil {
			return nil, fmt.Errorf("device %s: %w", c.Name, err)
		}
		v := &supervise.Device{Name: c.Name, Driver: c.Driver, Port: c.Port, Role: c.Role, Tell: o.Tell, Log: o.Log.With("part", "desk"),
			Open: func(ctx context.Context) (io.ReadWriteCloser, error) {
				at, err := resolved(o.Roots, c)
				if err != nil {
					return nil, err
				}
				if shapeLP.MatchString(at.Port) {
					return line.OpenNode(ctx, at.Port)
				}
				return line.Open(ctx, at.Port, at.Baud)
			},
			Gone: func(gone bool) { d.gone(c, gone) }}
		var err error
		switch c.Role {
		case pos.RoleScanner:
			d.scanner(c, scanners[c.Driver], v)
		case pos.RoleDisplay:
			err = d.useDisplay(c, v)
		case pos.RolePrinter:
			err = d.usePrinter(c, v)
		}
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", c.Name, err)
		}
		if o.Heard != nil {
			open := v.Open
			v.Open = func(ctx context.Context) (io.ReadWriteCloser, error) {
				l, err := open(ctx)
				return tapped{l, o.Heard}, err
			}
		}
		d.list = append(d.list, v)
	}
	return d, nil
}

// resolved is a device with the node that its port's name leads to now.
func resolved(r ports.Roots, c Config) (_ Config, err error) {
	c.Port, err = ports.Resolve(r, c.Port, Carriers(c.Driver)...)
	return c, err
}

// Run keeps every device in use until ctx ends. What is plugged in is tried at once.
func (d *Desk) Run(ctx context.Context) error {
	var all sync.WaitGroup
	if len(d.list) > 0 {
		all.Go(func() { ports.Watch(ctx, d.o.Roots, d.wake) })
	}
	for _, v := range d.list {
		all.Go(func() { v.Run(ctx) })
	}
	all.Wait()
	return nil
}

func (d *Desk) wake() {
	for _, v := range d.list {
		v.Wake()
	}
}

// Show puts a prompt on every display. The latest wins; it never blocks.
func (d *Desk) Show(p pos.Prompt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = p
	d.shows++
	d.look(p.Kind)
	for _, c := range d.prompts {
		put(c, p)
	}
}

// put leaves a prompt for a display in place of one that nobody took. The caller holds the lock.
func put(c chan pos.Prompt, p pos.Prompt) {
	select {
	case <-c:
	default:
	}
	c <- p
}

// Standing is where every device stands, in the order of the configuration.
func (d *Desk) Standing() []pos.Device {
	list := make([]pos.Device, 0, len(d.list))
	for _, v := range d.list {
		list = append(list, v.Standing())
	}
	return list
}

var goneCodes = map[pos.Role]pos.TroubleCode{pos.RoleScanner: pos.TroubleScanner, pos.RoleDisplay: pos.TroubleDisplay, pos.RolePrinter: pos.TroublePrinter}

func (d *Desk) gone(c Config, gone bool) {
	if !gone {
		d.o.Clear(goneCodes[c.Role], c.Name)
		return
	}
	d.o.Trouble(pos.Trouble{Code: goneCodes[c.Role], About: c.Name, Since: time.Now()})
}
