package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"posd/pos"
	"posd/pos/report"
)

// Slip is paper for a person, in lines, and the same as plain text.
type Slip struct {
	Kind  pos.SlipKind `json:"kind"`
	About string       `json:"about"`
	Lines []SlipLine   `json:"lines"`
}

// SlipLine is one line of a slip.
type SlipLine struct {
	Text   string `json:"text,omitempty"`
	Right  string `json:"right,omitempty"` // at the right edge of the same line
	Center bool   `json:"center,omitempty"`
	Bold   bool   `json:"bold,omitempty"`
	Large  bool   `json:"large,omitempty"`
	Rule   bool   `json:"rule,omitempty"` // a line across the paper
	QR     string `json:"qr,omitempty"`
}

// showSlip is what a shopper may take home about a sale: that it is paid, that nobody knows yet, or that money goes
// back. Without a kind it is the one that fits.
func (s *Server) showSlip(w http.ResponseWriter, r *http.Request) {
	x, err := s.o.Book.Sale(r.Context(), r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	slip, ok := s.paper().Slip(pos.SlipKind(r.URL.Query().Get("kind")), x)
	if !ok {
		s.refuse(w, r, &pos.Error{Op: "api.slip", Problem: pos.BadRequest, Detail: "slip"})
		return
	}
	s.writeSlip(w, r, slip)
}

func (s *Server) paper() report.Paper {
	return report.Paper{Store: s.o.Store, Register: s.o.Register, Zone: s.o.Zone, Words: s.o.Words, Languages: s.o.Languages}
}

// toPrint is which slip of a sale; without a kind the one that fits.
type toPrint struct {
	Kind pos.SlipKind `json:"kind,omitempty" doc:"pending, paid or refund"`
}

// Printed is what became of printing.
type Printed struct {
	Result string            `json:"result"` // printed, uncertain, no_printer, not_ready, busy, paper, cover, error or offline
	Copy   bool              `json:"copy"`   // the paper says that it is a copy
	Lacks  []pos.PrinterLack `json:"lacks"`  // letters or qr: what this printer cannot print
	Say    string            `json:"say"`
}

// printSlip prints once for each time it is asked. It never decides about money, and an answer that is lost is not a
// reason to print again: a person looks at the paper.
func (s *Server) printSlip(ctx context.Context, c command, in toPrint) (Printed, error) {
	x, err := s.o.Book.Sale(ctx, c.ID)
	if err != nil {
		return Printed{}, err
	}
	slip, ok := s.paper().Slip(in.Kind, x)
	if !ok {
		return Printed{}, &pos.Error{Op: "api.slip", Problem: pos.BadRequest, Detail: "slip"}
	}
	return s.print(ctx, slip), nil
}

func (s *Server) printDay(ctx context.Context, c command, _ struct{}) (Printed, error) {
	day, err := s.day(ctx, c.ID)
	if err != nil {
		return Printed{}, err
	}
	rep, err := s.fold(ctx, day)
	if err != nil {
		return Printed{}, err
	}
	return s.print(ctx, s.paper().DaySlip(rep)), nil
}

func (s *Server) print(ctx context.Context, slip pos.Slip) Printed {
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	came := s.o.Desk.Print(ctx, slip)
	if !came.OK {
		s.log.InfoContext(ctx, "slip", "about", slip.About, "came", came.What, "why", came.Why)
	}
	args := map[string]string{}
	for _, lack := range came.Lacks {
		args[string(lack)] = "lacks"
	}
	if came.Copy {
		args["copy"] = "copy"
	}
	return Printed{Result: string(came.What), Copy: came.Copy, Lacks: append([]pos.PrinterLack{}, came.Lacks...),
		Say: s.o.Words.Say(askerOf(ctx).lang, "device.print."+string(came.What), args)}
}

// writeSlip answers as JSON, or as text where that is asked for.
func (s *Server) writeSlip(w http.ResponseWriter, r *http.Request, slip pos.Slip) {
	var write func(io.Writer) error
	switch format := s.format(r); format {
	case "", "json":
		v := Slip{Kind: slip.Kind, About: slip.About, Lines: make([]SlipLine, len(slip.Lines))}
		for i, l := range slip.Lines {
			v.Lines[i] = SlipLine(l)
		}
		w.Header().Set("Content-Type", "application/json")
		write = func(w io.Writer) error { return json.NewEncoder(w).Encode(v) }
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		write = func(w io.Writer) error { return report.SlipText(w, slip) }
	default:
		s.refuse(w, r, &pos.Error{Op: "api.slip", Problem: pos.Unsupported, Detail: "format"})
		return
	}
	if err := write(w); err != nil {
		s.log.DebugContext(r.Context(), "answer", "err", err)
	}
}
