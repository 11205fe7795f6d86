package main

import (
	"context"
	"testing"

	"posd/pos"
	"posd/pos/words"
)

// paperDesk is a desk as the slips see it.
type paperDesk struct {
	shown   int
	printed chan pos.Slip
	came    pos.Printed
}

func (d *paperDesk) Show(pos.Prompt) { d.shown++ }
func (d *paperDesk) Print(_ context.Context, s pos.Slip) pos.Printed {
	d.printed <- s
	return d.came
}

type shelf map[string]pos.Sale

func (s shelf) Sale(_ context.Context, id string) (pos.Sale, error) {
	if x, ok := s[id]; ok {
		return x, nil
	}
	return pos.Sale{}, pos.Refuse("test", pos.NotFound, "")
}

// PAID prints by itself where that is wanted: once for a sale, however often the prompt is shown, and never for a sale
// that is not paid. What fails is a sentence and never in the till's way.
func TestPaidPrintsBySelf(t *testing.T) {
	w, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	paid := pos.Sale{ID: "s_1", Attempts: []pos.Attempt{{State: pos.Approved, Amount: pos.Amount{Minor: 1200, Currency: "USD"}}}}
	book := shelf{"s_1": paid, "s_2": {ID: "s_2"}, "s_3": paid}
	troubles := make(chan pos.Trouble, 2*mostSlips)
	desk := &paperDesk{printed: make(chan pos.Slip, 8), came: pos.Printed{OK: true, What: pos.SlipPrinted}}
	l, err := load(t, whole(t))
	if err != nil {
		t.Fatal(err)
	}
	off := newSlips(l.Config, w, desk, book, func(tr pos.Trouble) { troubles <- tr })
	off.show(pos.Prompt{Kind: pos.PromptPaid, Sale: "s_1"})
	if len(off.paid) > 0 || desk.shown != 1 {
		t.Error("it prints without having been asked to")
	}
	l.Printer.Paid = true
	s := newSlips(l.Config, w, desk, book, func(tr pos.Trouble) { troubles <- tr })
	for _, p := range []pos.Prompt{{Kind: pos.PromptConfirm, Sale: "s_1"}, {Kind: pos.PromptPaid, Sale: "s_1"}, {Kind: pos.PromptPaid, Sale: "s_1"}, {Kind: pos.PromptPaid, Sale: "s_2"}, {Kind: pos.PromptPaid, Sale: "s_none"}} {
		s.show(p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	if slip := <-desk.printed; slip.Kind != pos.SlipPaid || slip.About != "s_1" {
		t.Errorf("%+v", slip)
	}
	if tr := <-troubles; tr.Code != pos.TroubleSlip || !tr.Passing { // s_none
		t.Errorf("%+v", tr)
	}
	desk.came = pos.Printed{What: pos.SlipPaper}
	s.show(pos.Prompt{Kind: pos.PromptPaid, Sale: "s_3"})
	<-desk.printed
	if tr := <-troubles; tr.Code != pos.TroubleSlip {
		t.Errorf("%+v", tr)
	}
	cancel()
	if err := <-done; err != nil || len(desk.printed) > 0 {
		t.Errorf("%v, %d slips more", err, len(desk.printed))
	}
	for i := range 2 * mostSlips { // nobody prints: the till goes on
		s.show(pos.Prompt{Kind: pos.PromptPaid, Sale: string(rune('a' + i))})
	}
	if desk.shown != 1+6+2*mostSlips {
		t.Errorf("%d prompts", desk.shown)
	}
}
