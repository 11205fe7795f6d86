package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/creack/pty"

	"posd/devices"
	"posd/pos"
)

// code is a payment code; its last byte is the terminator.
const code = "]C0134567890123456789"

// scans measures how long it takes from the last byte on the line until the till is told of the code, beside
// the smallest program that reads the same line: one blocking read after the other, up to a CR.
func scans(b *bench) ([]result, error) {
	floor, err := newScanLine(filepath.Join(b.dir, "floor"))
	if err != nil {
		return nil, err
	}
	defer floor.close()
	ours, err := newScanLine(filepath.Join(b.dir, "scanner"))
	if err != nil {
		return nil, err
	}
	defer ours.close()
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := floor.tty.Read(buf)
			if err != nil {
				return
			}
			if slices.Contains(buf[:n], '\r') {
				floor.told <- time.Now()
			}
		}
	}()
	desk, err := devices.New(devices.Options{
		Devices: []devices.Config{{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: ours.link, Baud: 9600}},
		Scanned: func(pos.Scan) { ours.told <- time.Now() }, Log: slog.New(slog.DiscardHandler),
		Tell: func(d pos.Device) {
			if d.State == pos.DeviceReady {
				ours.told <- time.Now()
			}
		}, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- desk.Run(ctx) }()
	defer func() {
		cancel()
		<-done
	}()
	if _, err := ours.wait(time.Now()); err != nil {
		return nil, fmt.Errorf("the desk is not ready: %w", err)
	}
	var smallest, desks []time.Duration
	for i := range b.rounds * 10 {
		for _, one := range []*scanLine{floor, ours} {
			took, err := one.scan(fmt.Sprintf("%s%06d", code, i))
			if err != nil {
				return nil, err
			}
			if one == floor {
				smallest = append(smallest, took)
			} else {
				desks = append(desks, took)
			}
		}
	}
	return []result{compare("last byte of a scan to the till", smallest, desks, 1.5)}, nil
}

// scanLine is a line with a scanner at its end.
type scanLine struct {
	link        string
	master, tty *os.File
	told        chan time.Time
}

func newScanLine(link string) (*scanLine, error) {
	master, tty, err := pty.Open()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(raw(int(tty.Fd())), os.Symlink(tty.Name(), link)); err != nil {
		return nil, err
	}
	return &scanLine{link: link, master: master, tty: tty, told: make(chan time.Time, 1)}, nil
}

func (l *scanLine) close() { _, _ = l.master.Close(), l.tty.Close() }

// scan sends a code as a scanner does, and its last byte when the rest has been taken.
func (l *scanLine) scan(text string) (time.Duration, error) {
	if _, err := l.master.WriteString(text); err != nil {
		return 0, err
	}
	time.Sleep(500 * time.Microsecond)
	at := time.Now()
	if _, err := l.master.WriteString("\r"); err != nil {
		return 0, err
	}
	return l.wait(at)
}

func (l *scanLine) wait(since time.Time) (time.Duration, error) {
	select {
	case at := <-l.told:
		return at.Sub(since), nil
	case <-time.After(5 * time.Second):
		return 0, errors.New("nothing was read")
	}
}
