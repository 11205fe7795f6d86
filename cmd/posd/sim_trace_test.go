package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
)

// A failure that does not come again cannot be understood: whatever else the machine does, a seed tells one
// story, to the last letter of the journal and of the acquirer's ledger.
func TestSeedRunsToTheSameTrace(t *testing.T) {
	for seed := *first; seed < *first+min(*seeds, 2); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			once, again := simulate(t, seed, wrongRule{}).log, simulate(t, seed, wrongRule{}).log
			for i := range max(len(once), len(again)) {
				if i >= len(once) || i >= len(again) || once[i] != again[i] {
					t.Fatalf("line %d of %d and %d is first\n%s\nthen\n%s", i, len(once), len(again), once[min(i, len(once)-1)], again[min(i, len(again)-1)])
				}
			}
		})
	}
}

// tell is everything that both sides wrote, for whoever reruns a seed that failed.
func (w *world) tell() (lines []string) {
	for _, e := range w.entries() {
		body, err := json.Marshal(e.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %d %s %s %s %s %s", e.At.Format("2006-01-02 15:04:05.000"), e.Seq, e.Day, e.Sale, e.Reference, e.Kind, body))
	}
	for _, r := range w.box.Ledger() {
		lines = append(lines, fmt.Sprint("the acquirer: ", r.At.Format("2006-01-02 15:04:05.000"), " ", r.ID, " ", r.Reference, " ", r.State, " of ", r.Amount, " ", r.Original))
	}
	return append(lines, fmt.Sprint("on the line: ", w.line.met), fmt.Sprintf("the power: came %d times, went at %d statements", w.power.boot, w.power.at))
}

func (w *world) trace() {
	for _, line := range w.log {
		w.t.Log(line)
	}
}

// tally counts what the seeds met, for whoever reads that nothing was lost and asks how hard it was tried.
type tally struct {
	mu  sync.Mutex
	met map[string]int
}

func (y *tally) add(w *world) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.met == nil {
		y.met = map[string]int{}
	}
	for fault, n := range w.line.met {
		if fault != "" {
			y.met["line: "+fault] += n
		}
	}
	y.met["power: gone between two statements"] += w.power.at
	y.met["power: plug pulled"] += w.power.plug
	switch {
	case w.jump < 0:
		y.met["clock: set back"]++
	case w.jump > 0:
		y.met["clock: set forward"]++
	}
}

func (y *tally) log(t *testing.T) {
	for _, fault := range slices.Sorted(maps.Keys(y.met)) {
		t.Logf("met %d %s", y.met[fault], fault)
	}
}
