// Package supervise keeps one device in use: opens, uses, reports and opens again, for as long as the
// register runs. A cable that is plugged back in after lunch just works.
//
// It knows no dialect and no transport; both are functions.
package supervise

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"posd/pos"
)

// Paces. A cable that comes back is noticed within two seconds; a device that blinks is not yet gone.
const (
	first   = 250 * time.Millisecond
	most    = 1500 * time.Millisecond
	strikes = 3
)

// Device is one device and how to use it.
type Device struct {
	Name, Driver, Port string
	Role               pos.Role
	Open               func(context.Context) (io.ReadWriteCloser, error)
	Use                func(context.Context, io.ReadWriteCloser, *Tally) error // until the line ends
	Tell               func(pos.Device)
	Gone               func(bool) // after three strikes, and when it is back
	Log                *slog.Logger

	tally Tally
	woken chan struct{} // made once, by wakes
	ready sync.Once
	mu    sync.Mutex
	state pos.DeviceState
	since time.Time
	last  string
}

// Tally counts what a device does; Use adds to it.
type Tally struct {
	Good, Rejected, Reopened, In, Out atomic.Int64

	wrong func(error)
}

// Wrong says what is wrong with a device whose line stands. It is the device's last error until the line is
// opened again.
func (t *Tally) Wrong(err error) { t.wrong(err) }

// Standing is where the device stands now.
func (d *Device) Standing() pos.Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	return pos.Device{Name: d.Name, Role: d.Role, Driver: d.Driver, Port: d.Port, State: d.state, Since: d.since.UTC(), LastError: d.last,
		Counters: pos.Counters{Good: d.tally.Good.Load(), Rejected: d.tally.Rejected.Load(), Reopened: d.tally.Reopened.Load(),
			BytesIn: d.tally.In.Load(), BytesOut: d.tally.Out.Load()}}
}

func (d *Device) become(state pos.DeviceState, err error) {
	d.mu.Lock()
	changed := d.state != state
	if changed {
		d.state, d.since = state, time.Now()
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	said := text != d.last
	d.last = text
	d.mu.Unlock()
	if changed || said {
		d.Log.Info("device", "device", d.Name, "state", state, "err", text) // when it starts, changes and ends
		d.Tell(d.Standing())
	}
}

// Wake tries at once instead of waiting out a pause: something was plugged in. It never blocks.
func (d *Device) Wake() {
	select {
	case d.wakes() <- struct{}{}:
	default: // one is on its way
	}
}

func (d *Device) wakes() chan struct{} {
	d.ready.Do(func() { d.woken = make(chan struct{}, 1) })
	return d.woken
}

// Run keeps the device in use until ctx ends. It never gives up.
func (d *Device) Run(ctx context.Context) {
	d.tally.wrong = func(err error) { d.become(pos.DeviceReady, err) }
	d.become(pos.DeviceOpening, nil)
	missed, everReady, wait := 0, false, first
	var struck time.Time
	for {
		select {
		case <-d.wakes(): // what woke it came before this try
		default:
		}
		err := d.once(ctx, func() {
			if everReady {
				d.tally.Reopened.Add(1)
			}
			if missed >= strikes {
				d.Gone(false)
			}
			missed, everReady, wait = 0, true, first
			d.become(pos.DeviceReady, nil)
		})
		if ctx.Err() != nil {
			return
		}
		if now := time.Now(); now.Sub(struck) >= first { // tries that follow each other at once are one strike
			struck = now
			missed++
			if missed == strikes {
				d.Gone(true)
			}
		}
		switch {
		case missed < strikes && everReady: // a blink
			d.become(pos.DeviceOpening, err)
		case everReady:
			d.become(pos.DeviceLost, err)
		default:
			d.become(pos.DeviceAbsent, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wakes():
			wait = first // the node is there before its rights are
		case <-time.After(wait):
			wait = min(2*wait, most)
		}
	}
}

// once opens the line, uses it and closes it, whatever happens.
func (d *Device) once(ctx context.Context, ready func()) error {
	line, err := d.Open(ctx)
	if err != nil {
		return err
	}
	counted := &counting{ReadWriteCloser: line, tally: &d.tally}
	stop := context.AfterFunc(ctx, func() { _ = line.Close() }) // ctx ends: unblock Read
	defer stop()
	ready()
	err = d.Use(ctx, counted, &d.tally)
	return errors.Join(err, line.Close())
}

type counting struct {
	io.ReadWriteCloser
	tally *Tally
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(b)
	c.tally.In.Add(int64(n))
	return n, err
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ReadWriteCloser.Write(b)
	c.tally.Out.Add(int64(n))
	return n, err
}
