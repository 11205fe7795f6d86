package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"posd/pos"
	"posd/store"
)

var key = make([]byte, 32)

func openStore(path string) (*store.Store, error) {
	return store.Open(context.Background(), store.Options{Path: path, Key: key, Log: slog.New(slog.DiscardHandler)})
}

// appends compares a journaled event, with its chain and its projections, with one row of the same size in C.
func appends(b *bench) ([]result, error) {
	s, err := openStore(filepath.Join(b.dir, "append.db"))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	ctx := context.Background()
	began := []pos.Entry{{Kind: pos.SaleOpened, Sale: "s1", Body: pos.Body{Amount: 12950, Currency: "USD"}},
		{Kind: pos.AttemptHeld, Sale: "s1", Reference: "a1", Body: pos.Body{Mode: pos.ByScan, Wallet: pos.WeChat, Amount: 12950, Currency: "USD"}},
		{Kind: pos.KindOf(pos.Leave), Sale: "s1", Reference: "a1"}, {Kind: pos.KindOf(pos.Silence), Sale: "s1", Reference: "a1"}}
	for i := range began {
		began[i].At, began[i].Day = time.Now(), "2026-11-20"
	}
	if _, err := s.Append(ctx, began...); err != nil {
		return nil, err
	}
	const each = 100
	var row, ours []time.Duration
	for round := range max(b.rounds/10, 5) {
		out, err := exec.Command(b.append, filepath.Join(b.dir, "floor-append.db"), fmt.Sprint(each)).Output()
		if err != nil {
			return nil, err
		}
		ns, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if err != nil {
			return nil, err
		}
		row = append(row, time.Duration(ns))
		took := make([]time.Duration, each)
		for i := range took {
			e := pos.Entry{Kind: pos.KindOf(pos.Silence), Sale: "s1", Reference: "a1", At: time.Now(), Day: "2026-11-20", Body: pos.Body{To: "doubtful", Reason: fmt.Sprint(round)}}
			at := time.Now()
			if _, err := s.Append(ctx, e); err != nil {
				return nil, err
			}
			took[i] = time.Since(at)
		}
		ours = append(ours, median(took))
	}
	r := compare("append: one event, C with one row", row, ours, 1.15)
	r.Note = "the floor makes one row with two indexes durable; ours also keeps the chain and what is projected"
	return []result{r}, nil
}

// path compares what a cashier waits for: from the last byte of a scan to the first byte at the acquirer, and
// from the acquirer's answer to the event on the cashier's screen.
func path(b *bench) ([]result, error) {
	const shows = 15 * time.Millisecond // a shopper takes longer than this to show a code
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	caFile := filepath.Join(b.dir, "ca.pem")
	bank, err := launch(self, "peer", caFile)
	if err != nil {
		return nil, err
	}
	defer bank.stop()
	at, err := bank.says("listening")
	if err != nil {
		return nil, err
	}
	acquirer := "https://" + at + "/posp/rest/"

	scanFloor, portFloor, err := b.scanner()
	if err != nil {
		return nil, err
	}
	least, err := launch(self, "floor", portFloor, acquirer, caFile, filepath.Join(b.dir, "floor.db"))
	if err != nil {
		return nil, err
	}
	defer least.stop()
	floorAt, err := least.says("listening")
	if err != nil {
		return nil, err
	}
	if _, err := least.says("ready"); err != nil {
		return nil, err
	}
	heardFloor, err := listen(ctx, "http://"+floorAt, "", func(line string) bool { return strings.HasPrefix(line, "data:") })
	if err != nil {
		return nil, err
	}

	scanOurs, portOurs, err := b.scanner()
	if err != nil {
		return nil, err
	}
	r, err := b.newRegister("path", acquirer, caFile, portOurs)
	if err != nil {
		return nil, err
	}
	if _, err := r.start(b.posd); err != nil {
		return nil, err
	}
	defer r.stop()
	heardOurs, err := listen(ctx, r.base+"/v1/events", r.token, paidOnce())
	if err != nil {
		return nil, err
	}
	one := func(scan func(string) (time.Time, error), code string, heard <-chan time.Time) (out, in time.Duration, err error) {
		time.Sleep(shows) // before both: a disk that was idle takes twice as long for its first sync
		sent, err := scan(code + "\r")
		if err != nil {
			return 0, 0, err
		}
		first, answered, err := paidTimes(bank)
		if err != nil {
			return 0, 0, err
		}
		select {
		case at := <-heard:
			return first.Sub(sent), at.Sub(answered), nil
		case <-time.After(10 * time.Second):
			return 0, 0, fmt.Errorf("no event: %s", r.log.String())
		}
	}
	n := 0
	ours := func() (out, in time.Duration, err error) {
		n++
		var sale struct{ ID string }
		if err := r.call("POST", "/v1/sales", fmt.Sprint("k", n), map[string]any{"amount": 1000 + n, "currency": "USD", "ticket": fmt.Sprint("A-", n)}, &sale); err != nil {
			return 0, 0, err
		}
		if err := r.call("POST", "/v1/sales/"+sale.ID+"/scan", "", map[string]any{}, nil); err != nil {
			return 0, 0, err
		}
		return one(scanOurs, fmt.Sprintf("13%016d", n), heardOurs)
	}
	const warm = 5 // rounds that do not count
	var outFloor, outOurs, inFloor, inOurs []time.Duration
	for i := range b.rounds + warm {
		outO, inO, err := ours()
		if err != nil {
			return nil, fmt.Errorf("ours: %w", err)
		}
		outF, inF, err := one(scanFloor, fmt.Sprintf("13%016d", i), heardFloor)
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		if i >= warm {
			outFloor, outOurs = append(outFloor, outF), append(outOurs, outO)
			inFloor, inOurs = append(inFloor, inF), append(inOurs, inO)
		}
	}
	for range 7 { // eight listeners in all, as a busy counter has
		if _, err := listen(ctx, r.base+"/v1/events", r.token, func(string) bool { return false }); err != nil {
			return nil, err
		}
	}
	var outEight, inEight []time.Duration
	for range b.rounds {
		out, in, err := ours()
		if err != nil {
			return nil, fmt.Errorf("eight screens: %w", err)
		}
		outEight, inEight = append(outEight, out), append(inEight, in)
	}
	crowd := compare("the first, eight screens against one", slices.Clone(outOurs), outEight, 0)
	event := compare("the second, eight screens against one", slices.Clone(inOurs), inEight, 0)
	return []result{compare("last scan byte to first acquirer byte", outFloor, outOurs, 1.25),
		compare("acquirer's answer to the cashier's event", inFloor, inOurs, 1.25), crowd, event}, nil
}

// idle compares memory and wake-ups of a register that nobody uses with an empty daemon.
func idle(b *bench) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	_, portFloor, err := b.scanner()
	if err != nil {
		return nil, err
	}
	least, err := launch(self, "floor", portFloor, "", "", filepath.Join(b.dir, "idle-floor.db"))
	if err != nil {
		return nil, err
	}
	defer least.stop()
	if _, err := least.says("listening"); err != nil {
		return nil, err
	}
	r, bank, _, err := b.counter("idle")
	if err != nil {
		return nil, err
	}
	defer bank.stop()
	if _, err := r.start(b.posd); err != nil {
		return nil, err
	}
	defer r.stop()
	const watched = 20 * time.Second
	time.Sleep(30 * time.Second) // a start leaves an audit and a copy for later, which are work
	floorBefore, oursBefore := switches(least.cmd.Process.Pid), switches(r.cmd.Process.Pid)
	time.Sleep(watched)
	floorWakes, oursWakes := switches(least.cmd.Process.Pid)-floorBefore, switches(r.cmd.Process.Pid)-oursBefore
	floorKB, oursKB := resident(least.cmd.Process.Pid), resident(r.cmd.Process.Pid)
	per := func(n int) string { return fmt.Sprintf("%.1f /s", float64(n)/watched.Seconds()) }
	memory := result{Name: "idle memory", Floor: fmt.Sprintf("%.1f MiB", float64(floorKB)/1024), Ours: fmt.Sprintf("%.1f MiB", float64(oursKB)/1024),
		Ratio: float64(oursKB) / float64(floorKB), Target: 1.6}
	wakes := result{Name: "idle wake-ups", Floor: per(floorWakes), Ours: per(oursWakes), Ratio: float64(oursWakes+1) / float64(floorWakes+1)}
	return []result{memory, wakes}, nil
}

// resident is the memory of a process in KiB; switches is how often its threads gave up the processor.
func resident(pid int) (kb int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kb)
		}
	}
	return kb
}

func switches(pid int) (n int) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return 0
	}
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "voluntary_ctxt_switches:"); ok {
				var one int
				_, _ = fmt.Sscan(rest, &one)
				n += one
			}
		}
	}
	return n
}

func median(list []time.Duration) time.Duration {
	sorted := append([]time.Duration(nil), list...)
	for i := 1; i < len(sorted); i++ {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[len(sorted)/2]
}
