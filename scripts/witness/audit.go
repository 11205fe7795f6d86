package main

import (
	"fmt"
	"strings"
	"time"
)

// auditIn is when after a start the audit begins.
const auditIn = 5 * time.Second

// audits compares a payment while the whole file is read behind it with one when that is over.
func audits(b *bench) ([]result, error) {
	sales := 100_000
	if b.big {
		sales = 1_000_000
	}
	r, bank, scan, err := b.counter("audit")
	if err != nil {
		return nil, err
	}
	defer bank.stop()
	if _, err := r.ages(sales, 200); err != nil {
		return nil, err
	}
	if _, err := r.start(b.posd); err != nil {
		return nil, err
	}
	defer r.stop()
	began := time.Now()
	var during, idle []time.Duration
	took := ""
	for n := 1; len(idle) < max(20, min(len(during), b.rounds)); n++ {
		if time.Since(began) > time.Hour {
			return nil, fmt.Errorf("the audit does not end: %s", r.log.String())
		}
		late := time.Since(began) > auditIn
		paid, err := r.pays(bank, scan, n)
		switch {
		case err != nil:
			return nil, err
		case took != "":
			idle = append(idle, paid)
		case late:
			during = append(during, paid)
			if _, rest, ok := strings.Cut(r.log.String(), `"msg":"audit"`); ok {
				_, rest, _ = strings.Cut(rest, `"took":"`)
				took, _, _ = strings.Cut(rest, `"`)
			}
		}
	}
	line := compare(fmt.Sprintf("a payment while a file of %d sales is audited", sales), idle, during, 1.25)
	line.Note = fmt.Sprintf("the floor is one when the audit is over; it took %s, and %d payments were made meanwhile", took, len(during))
	return []result{line}, nil
}
