// Command witness measures the register beside the smallest programs that do the same, in one run, and
// prints ratios: these machines are shared, so that only what was measured side by side says anything.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// result is one line of the table: medians of both sides, and the ratio that is the claim.
type result struct {
	Name   string  `json:"name"`
	Floor  string  `json:"floor"`
	Ours   string  `json:"ours"`
	Ratio  float64 `json:"ratio"`
	Low    float64 `json:"low"` // the ratio's quartiles over the rounds
	High   float64 `json:"high"`
	Target float64 `json:"target,omitempty"`
	Note   string  `json:"note,omitempty"`
}

type bench struct {
	dir, posd, append string
	rounds, refunds   int
	big               bool
	cables            []*os.File
}

var parts = []struct {
	name string
	run  func(*bench) ([]result, error)
}{{"append", appends}, {"path", path}, {"idle", idle}, {"start", start}, {"report", reports}, {"audit", audits}, {"scan", scans}, {"drain", drain}, {"flood", floods}, {"verify", verifies}}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "million":
			return million(os.Args[2:])
		case "peer":
			return peer(os.Args[2])
		case "flood":
			return flood(os.Args[2])
		case "drained":
			return drained(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
		case "slow":
			return slow(os.Args[2])
		case "floor":
			return floor(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
		}
	}
	b := &bench{}
	flag.StringVar(&b.posd, "posd", "", "the built daemon")
	flag.StringVar(&b.append, "append", "", "the built floor of an append")
	flag.IntVar(&b.rounds, "rounds", 120, "rounds of each pair")
	flag.IntVar(&b.refunds, "refunds", 10_000, "refunds that are owed when the line is back")
	flag.BoolVar(&b.big, "big", false, "start, report and audit on a file of a million sales")
	asJSON := flag.Bool("json", false, "print JSON")
	strict := flag.Bool("strict", false, "exit 1 when a target is missed")
	flag.Parse()
	dir, err := os.MkdirTemp("", "posd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	var all []result
	missed := false
	for _, p := range parts {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), p.name) {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%s ...\n", p.name)
		got, err := p.run(b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %s\n", p.name, time.Since(began).Round(time.Second))
		all = append(all, got...)
	}
	if len(all) == 0 {
		return errors.New("the parts are: append path idle start report audit scan drain flood verify")
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	fmt.Printf("%-44s %14s %14s %8s %15s %8s\n", "", "floor", "ours", "ratio", "quartiles", "target")
	for _, r := range all {
		target := ""
		if r.Target > 0 {
			target = fmt.Sprintf("%.2f", r.Target)
			if r.Ratio > r.Target {
				target += " MISSED"
				missed = true
			}
		}
		fmt.Printf("%-44s %14s %14s %7.2fx %6.2f - %6.2f %8s\n", r.Name, r.Floor, r.Ours, r.Ratio, r.Low, r.High, target)
		if r.Note != "" {
			fmt.Printf("    %s\n", r.Note)
		}
	}
	if missed && *strict {
		return errors.New("a target was missed")
	}
	return nil
}

// compare makes a line of pairs that were measured in turn.
func compare(name string, floor, ours []time.Duration, target float64) result {
	ratios := make([]float64, min(len(floor), len(ours)))
	for i := range ratios {
		ratios[i] = float64(ours[i]) / float64(floor[i])
	}
	slices.Sort(ratios)
	slices.Sort(floor)
	slices.Sort(ours)
	f, o := floor[len(floor)/2], ours[len(ours)/2]
	return result{Name: name, Floor: shown(f), Ours: shown(o), Ratio: float64(o) / float64(f), Low: ratios[len(ratios)/4], High: ratios[len(ratios)*3/4], Target: target}
}

func shown(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%d us", d.Microseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
