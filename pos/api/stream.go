package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"posd/pos"
	"posd/pos/report"
)

const (
	keepAlive = 15 * time.Second
	slowest   = 10 * time.Second // a write that takes longer ends the stream
	maxReplay = 5000             // entries; who was away longer has the snapshot
)

// Prompt is what the customer display shows.
type Prompt struct {
	Kind     pos.PromptKind `json:"kind"`
	Sale     string         `json:"sale"`
	Amount   int64          `json:"amount"`
	Currency pos.Currency   `json:"currency"`
	Family   pos.Family     `json:"family,omitempty"`
	QR       string         `json:"qr,omitempty"`
	Until    *stamp         `json:"until"`
	At       *stamp         `json:"at"`
}

func shapePrompt(p pos.Prompt) Prompt {
	return Prompt{p.Kind, p.Sale, p.Amount.Minor, p.Amount.Currency, p.Family, p.QR, at(p.Until), at(p.At)}
}

// Snapshot is what a stream begins with.
type Snapshot struct {
	Status Status        `json:"status"`
	Sales  []Sale        `json:"sales"`
	Queue  []report.Item `json:"queue"`
	More   int           `json:"queue_more"` // how many more wait
	Prompt Prompt        `json:"prompt"`
}

// events is the stream. It begins with a snapshot; journaled events carry the journal's sequence number
// and resume after Last-Event-ID; others carry none.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	after, resumes, err := lastEventID(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	lang := askerOf(ctx).lang
	l, seq, ok := s.hub.join(ctx, lang)
	if !ok {
		w.Header().Set("Retry-After", "5")
		s.refuse(w, r, &pos.Error{Op: "api.events", Problem: pos.StorageFailed, Detail: "streams"})
		return
	}
	defer s.hub.leave(l)
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // the stream is long; only writes are bounded
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	begin, err := s.snapshot(ctx, lang)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	send := func(text []byte) error {
		if err := rc.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		return rc.Flush()
	}
	if send(append([]byte("retry: 1000\n\n"), made("snapshot", 0, encode(begin))...)) != nil {
		return
	}
	if resumes {
		events, err := s.missed(ctx, after, seq, lang)
		if err != nil {
			s.log.ErrorContext(ctx, "events", "err", err)
			return // the listener comes again, with the number it has
		}
		for _, e := range events {
			if send(e) != nil {
				return
			}
		}
	}
	if send(fmt.Appendf(nil, "id: %d\n\n", seq)) != nil { // all up to here is told, also to who saw no journaled event yet
		return
	}
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-l.events:
			if !open || send(gathered(e, l.events)) != nil {
				return
			}
		case <-beat.C:
			if send([]byte(": still here\n\n")) != nil {
				return
			}
		}
	}
}

// gathered is an event with those that wait behind it, for one write. A closed channel shows at the next turn.
func gathered(e event, more <-chan event) []byte {
	text := slices.Clip(e) // all listeners share it: what follows goes into a copy
	for n := len(more); n > 0; n-- {
		text = append(text, <-more...)
	}
	return text
}

func lastEventID(r *http.Request) (after int64, resumes bool, err error) {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		return 0, false, nil
	}
	after, err = strconv.ParseInt(id, 10, 64)
	if err != nil || after < 0 {
		return 0, false, pos.Refuse("api.events", pos.BadRequest, "Last-Event-ID")
	}
	return after, true, nil
}

// missed are the events of the journal between two sequence numbers.
func (s *Server) missed(ctx context.Context, after, seq int64, lang string) ([]event, error) {
	after = max(after, seq-maxReplay)
	var events []event
	for after < seq {
		entries, err := s.o.Book.Entries(ctx, after, int(min(batch, seq-after)))
		if err != nil || len(entries) == 0 {
			return events, err
		}
		told, err := s.read(ctx, entries)
		if err != nil {
			return events, err
		}
		events = append(events, s.facts(told, lang)...)
		after = entries[len(entries)-1].Seq
	}
	return events, nil
}

func (s *Server) snapshot(ctx context.Context, lang string) (Snapshot, error) {
	status, err := s.standing(ctx, lang)
	if err != nil {
		return Snapshot{}, err
	}
	open, err := s.o.Book.OpenSales(ctx, 50)
	if err != nil {
		return Snapshot{}, err
	}
	q, waiting, err := s.waits(ctx, listed)
	if err != nil {
		return Snapshot{}, err
	}
	t := s.o.Till.Standing()
	now := time.Now()
	v := Snapshot{Status: status, Sales: []Sale{}, Queue: q.Items, More: q.More, Prompt: shapePrompt(t.Prompt)}
	seen := map[string]bool{}
	for _, x := range append(open, waiting...) {
		if !seen[x.ID] {
			seen[x.ID] = true
			v.Sales = append(v.Sales, s.sale(x, lang, now, t.Outlooks))
		}
	}
	return v, nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // our own shapes always encode
		return []byte("{}")
	}
	return b
}
