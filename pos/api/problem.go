package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"

	"posd/pos"
)

// Problem is a refusal as RFC 9457 has it, with a sentence for the cashier and a next step.
type Problem struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Say         string `json:"say"`           // for the cashier
	Do          string `json:"do"`            // for the technician
	Sent        bool   `json:"sent"`          // whether a charge may have left because of this call
	SafeToRetry bool   `json:"safe_to_retry"` // with the same idempotency key
	Trace       string `json:"trace"`         // finds the line in the log
}

func (p *Problem) Error() string  { return p.Type }
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is what huma sends it as.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses is the one place where a problem becomes an HTTP status.
var statuses = map[pos.Problem]int{
	pos.BadRequest: 400, pos.KeyMissing: 400, pos.Unauthorized: 401, pos.Forbidden: 403, pos.BadHost: 403, pos.BadOrigin: 403,
	pos.NotFound: 404, pos.MethodNotAllowed: 405, pos.TooLarge: 413, pos.UnsupportedMedia: 415,
	pos.KeyMismatch: 409, pos.InFlight: 409, pos.ScannerBusy: 409, pos.SaleClosed: 409, pos.UsedCode: 409, pos.PossibleDouble: 409,
	pos.OverRefund: 409, pos.RefundNotPossible: 409, pos.RulingNotOpen: 409, pos.DayNotClosable: 409, pos.TooManyUnfinished: 409,
	pos.NotAPaymentCode: 422, pos.WrongWallet: 422, pos.Unsupported: 501, pos.AcquirerUnreachable: 503, pos.StorageFailed: 503, pos.Internal: 500,
}

// problem words an error for whoever asked. What is Internal says one fixed sentence; its cause goes to
// the log alone, under the trace.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	var e *pos.Error
	if !errors.As(err, &e) {
		e = &pos.Error{Op: "api", Problem: pos.Internal, Err: err}
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			e.Problem = pos.TooLarge
		}
	}
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		s.log.Error("trace", "err", err)
	}
	lang, id := askerOf(ctx).lang, "problem."+string(e.Problem)
	say, do := id+".say", id+".do"
	if e.Detail != "" && s.o.Words.Has(say+"."+e.Detail) {
		say += "." + e.Detail
	}
	if e.Detail != "" && s.o.Words.Has(do+"."+e.Detail) {
		do += "." + e.Detail
	}
	p := &Problem{Type: string(e.Problem), Title: s.o.Words.Say(lang, id+".title", e.Args), Status: statuses[e.Problem],
		Say: s.o.Words.Say(lang, say, e.Args), Do: s.o.Words.Say(lang, do, e.Args), Sent: e.Sent, SafeToRetry: !e.Sent, Trace: hex.EncodeToString(b)}
	if p.Status == 0 {
		p.Status = http.StatusInternalServerError
	}
	switch {
	case ctx.Err() != nil: // whoever asked has gone: nothing failed but the asking
		s.log.DebugContext(ctx, "request abandoned", "problem", p.Type, "trace", p.Trace)
	case p.Status >= 500:
		s.log.ErrorContext(ctx, "request failed", "err", err, "trace", p.Trace)
	default:
		s.log.InfoContext(ctx, "request refused", "problem", p.Type, "op", e.Op, "trace", p.Trace)
	}
	return p
}

// refuse writes a problem where no route does.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Del("Content-Length")
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.log.Debug("answer", "err", err)
	}
}
