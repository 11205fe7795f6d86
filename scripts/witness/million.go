package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sample is what a process holds at one moment.
type sample struct {
	payments, residentKB    int
	goroutines, descriptors int
	walBytes, registerBytes int64
}

// Limits of what may have grown since the register was warm: a quarter more memory and a little, as the
// collector breathes; a handful of connections that are being made or given up; a log of a few thousand pages.
const (
	memoryGrows  = 1.25
	memoryMoreKB = 12 << 10
	handful      = 8
	walMost      = 32 << 20
)

// million makes payments through the running daemon, one after another, with screens that listen all the time
// and screens that come and go, and watches what it holds.
func million(args []string) (err error) {
	flags := flag.NewFlagSet("million", flag.ContinueOnError)
	posd := flags.String("posd", "", "the built daemon")
	payments := flags.Int("payments", 1_000_000, "how many")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "posd-million-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	caFile := filepath.Join(dir, "ca.pem")
	bank, err := launch(self, "peer", caFile)
	if err != nil {
		return err
	}
	defer bank.stop()
	at, err := bank.says("listening")
	if err != nil {
		return err
	}
	go func() { // it says when each payment came
		for range bank.lines {
		}
	}()
	b := &bench{dir: dir}
	r, err := b.newRegister("million", "https://"+at+"/posp/rest/", caFile, "")
	if err != nil {
		return err
	}
	if _, err := r.start(*posd); err != nil {
		return err
	}
	defer r.stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	heard, err := listen(ctx, r.base+"/v1/events", r.token, paidOnce())
	if err != nil {
		return err
	}
	for range 7 {
		if _, err := listen(ctx, r.base+"/v1/events", r.token, func(string) bool { return false }); err != nil {
			return err
		}
	}
	every := max(*payments/20, 1)
	var warm, last sample
	began, then := time.Now(), time.Now()
	fmt.Printf("%10s %9s %10s %10s %11s %9s %10s\n", "payments", "a second", "memory", "goroutines", "descriptors", "WAL", "file")
	for n := 1; n <= *payments; n++ {
		if err := r.sells(n, heard); err != nil {
			return fmt.Errorf("payment %d: %w", n, err)
		}
		if n%200 == 0 { // a screen that is opened and closed again
			if err := r.glances(ctx); err != nil {
				return err
			}
		}
		if n%every == 0 || n == *payments {
			if last, err = r.holds(n); err != nil {
				return err
			}
			rate := float64(every) / time.Since(then).Seconds()
			then = time.Now()
			fmt.Printf("%10d %9.0f %6.1f MiB %10d %11d %5.1f MiB %6.1f MiB\n", n, rate, float64(last.residentKB)/1024, last.goroutines,
				last.descriptors, float64(last.walBytes)/(1<<20), float64(last.registerBytes)/(1<<20))
			if warm.payments == 0 && n >= *payments/5 {
				warm = last
			}
		}
	}
	if float64(last.residentKB) > memoryGrows*float64(warm.residentKB)+memoryMoreKB {
		err = errors.Join(err, fmt.Errorf("memory grew from %d to %d KiB", warm.residentKB, last.residentKB))
	}
	if last.goroutines > warm.goroutines+handful || last.descriptors > warm.descriptors+handful {
		err = errors.Join(err, fmt.Errorf("goroutines %d -> %d, descriptors %d -> %d", warm.goroutines, last.goroutines, warm.descriptors, last.descriptors))
	}
	if last.walBytes > walMost {
		err = errors.Join(err, fmt.Errorf("the log beside the register file grew to %d bytes", last.walBytes))
	}
	if err == nil {
		fmt.Printf("| payments through the running daemon | %d in %s, %.0f a second; memory %.1f -> %.1f MiB, goroutines %d -> %d, descriptors %d -> %d, WAL %.1f MiB | flat |\n",
			*payments, time.Since(began).Round(time.Second), float64(*payments)/time.Since(began).Seconds(), float64(warm.residentKB)/1024, float64(last.residentKB)/1024,
			warm.goroutines, last.goroutines, warm.descriptors, last.descriptors, float64(last.walBytes)/(1<<20))
	}
	return err
}

// paidOnce picks the first line that says a ticket is paid.
func paidOnce() func(line string) bool {
	last := ""
	return func(line string) bool {
		_, rest, ok := strings.Cut(line, `"ticket":"`)
		if !ok || !strings.Contains(line, `"status":"paid"`) {
			return false
		}
		ticket, _, _ := strings.Cut(rest, `"`)
		fresh := ticket != last
		last = ticket
		return fresh
	}
}

// sells opens a sale, hands in a code and waits until the screen says that it is paid.
func (r *register) sells(n int, heard <-chan time.Time) error {
	var sale struct{ ID string }
	if err := r.call("POST", "/v1/sales", fmt.Sprint("k", n), map[string]any{"amount": 1000 + n, "currency": "USD", "ticket": fmt.Sprint("A-", n)}, &sale); err != nil {
		return err
	}
	if err := r.call("POST", "/v1/sales/"+sale.ID+"/scan", "", map[string]any{"code": fmt.Sprintf("13%016d", n)}, nil); err != nil {
		return err
	}
	select {
	case <-heard:
		return nil
	case <-time.After(time.Minute):
		return errors.New("nobody said that it is paid")
	}
}

// glances is a page that is opened and closed.
func (r *register) glances(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := listen(ctx, r.base+"/v1/events", r.token, func(string) bool { return false })
	return err
}

// holds takes a sample.
func (r *register) holds(n int) (s sample, err error) {
	s.payments, s.residentKB = n, resident(r.cmd.Process.Pid)
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.cmd.Process.Pid))
	if err != nil {
		return s, err
	}
	s.descriptors = len(open)
	text, err := r.reads("/metrics")
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "posd_goroutines "); ok {
			_, err = fmt.Sscan(rest, &s.goroutines)
		}
	}
	for name, to := range map[string]*int64{"register.db-wal": &s.walBytes, "register.db": &s.registerBytes} {
		info, statErr := os.Stat(filepath.Join(r.data, name))
		if err = errors.Join(err, statErr); statErr == nil {
			*to = info.Size()
		}
	}
	return s, err
}
