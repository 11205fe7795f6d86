package main

import (
	"context"
	"time"

	"posd/pos"
	"posd/pos/report"
	"posd/pos/words"
)

// slips prints the shopper's slip by itself when a sale is PAID, where the configuration wants that. It stands
// between the till and the desk, and the till never waits for it.
type slips struct {
	on    bool
	paper report.Paper
	desk  interface {
		Show(pos.Prompt)
		Print(context.Context, pos.Slip) pos.Printed
	}
	book interface {
		Sale(context.Context, string) (pos.Sale, error)
	}
	raise func(pos.Trouble)
	paid  chan string // ids of sales
	last  string
}

// mostSlips is how many slips may wait for the printer; what is more is printed by hand.
const mostSlips = 8

// printWithin bounds the printing of one slip.
const printWithin = 40 * time.Second

func newSlips(cfg Config, w *words.Catalogue, desk interface {
	Show(pos.Prompt)
	Print(context.Context, pos.Slip) pos.Printed
}, book interface {
	Sale(context.Context, string) (pos.Sale, error)
}, raise func(pos.Trouble)) *slips {
	return &slips{on: cfg.Printer.Paid, desk: desk, book: book, raise: raise, paid: make(chan string, mostSlips),
		paper: report.Paper{Store: cfg.Store, Register: cfg.Register, Zone: cfg.Calendar().Zone, Words: w, Languages: cfg.Languages}}
}

// show passes a prompt on, and notes a sale that is PAID. The till calls it from one goroutine.
func (s *slips) show(p pos.Prompt) {
	s.desk.Show(p)
	if !s.on || p.Kind != pos.PromptPaid || p.Sale == "" || p.Sale == s.last {
		return
	}
	s.last = p.Sale // the same prompt may be shown again
	select {
	case s.paid <- p.Sale:
	default:
		s.failed()
	}
}

// run prints until ctx ends. A slip that could not be printed is left to people.
func (s *slips) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-s.paid:
			s.print(ctx, id)
		}
	}
}

func (s *slips) print(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, printWithin)
	defer cancel()
	sale, err := s.book.Sale(ctx, id)
	if err != nil {
		s.failed()
		return
	}
	slip, ok := s.paper.Slip(pos.SlipPaid, sale)
	if !ok {
		return // its state has changed since
	}
	if came := s.desk.Print(ctx, slip); !came.OK && came.What != pos.SlipUncertain { // the desk says that by itself
		s.failed()
	}
}

func (s *slips) failed() {
	s.raise(pos.Trouble{Code: pos.TroubleSlip, Passing: true, Since: time.Now()})
}
