package api

import (
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
	paper := report.Paper{Store: s.o.Store, Register: s.o.Register, Zone: s.o.Zone, Words: s.o.Words, Languages: s.o.Languages}
	slip, ok := paper.Slip(pos.SlipKind(r.URL.Query().Get("kind")), x)
	if !ok {
		s.refuse(w, r, &pos.Error{Op: "api.slip", Problem: pos.BadRequest, Detail: "slip"})
		return
	}
	s.writeSlip(w, r, slip)
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
