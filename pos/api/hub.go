package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"posd/pos"
)

// hub turns commits and passing news into events, once a language for everyone who listens. It runs in
// one goroutine; a listener who does not keep up is cut off and resumes from the journal.
type hub struct {
	s     *Server
	woken chan struct{}
	grown atomic.Int64 // how far the till has told of the journal: what is beyond it, Standing may not know yet
	news  chan news

	mu        sync.Mutex
	seq       int64 // all listeners have what the journal says up to here
	listening map[*listener]bool
	closed    bool
}

type news struct {
	kind string
	what any
}

// event is one event of the stream; id 0 has none.
type event struct {
	kind string
	id   int64
	data []byte
}

type listener struct {
	lang   string
	events chan event // closed when the listener is cut off
}

const (
	maxNews   = 256 // passing news that wait: a full house drops the oldest news, never a fact
	maxBehind = 256 // events that a listener may be behind
	batch     = 500 // entries read at a time
	tryAgain  = time.Second
)

func newHub(s *Server) *hub {
	return &hub{s: s, woken: make(chan struct{}, 1), news: make(chan news, maxNews), listening: map[*listener]bool{}}
}

func (h *hub) wake(seq int64) {
	h.grown.Store(seq)
	select {
	case h.woken <- struct{}{}:
	default: // it is awake already
	}
}

func (h *hub) tell(kind string, what any) {
	select {
	case h.news <- news{kind, what}:
	default:
		h.s.log.Warn("event dropped", "event", kind)
	}
}

func (h *hub) run(ctx context.Context) error {
	head, err := h.s.o.Book.Head(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.seq = head.Seq
	h.mu.Unlock()
	defer h.close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	standing := map[string]bool{}
	for {
		wait := time.Hour
		if h.seq < h.grown.Load() {
			wait = tryAgain // the file could not be read: what it says is still owed to everyone
		}
		if next := h.s.o.Health.NextChange(time.Now()); !next.IsZero() {
			wait = min(wait, max(0, time.Until(next))+time.Millisecond)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-h.woken:
			h.commits(ctx)
		case n := <-h.news:
			if n.kind == "trouble" {
				h.troubles(standing)
				continue
			}
			h.pass(n)
		case <-timer.C:
			h.commits(ctx)
			h.troubles(standing)
		}
	}
}

// commits reads what the journal says anew and sends the sales that it is about.
func (h *hub) commits(ctx context.Context) {
	for grown := h.grown.Load(); h.seq < grown; {
		entries, err := h.s.o.Book.Entries(ctx, h.seq, int(min(batch, grown-h.seq)))
		if err != nil {
			h.s.log.ErrorContext(ctx, "events", "err", err)
			return
		}
		if len(entries) == 0 {
			return
		}
		h.mu.Lock()
		languages := map[string][]event{}
		for l := range h.listening {
			languages[l.lang] = nil
		}
		h.mu.Unlock()
		told, err := h.s.read(ctx, entries)
		if err != nil {
			h.s.log.ErrorContext(ctx, "events", "err", err)
			return
		}
		for lang := range languages {
			languages[lang] = h.s.facts(told, lang)
		}
		h.mu.Lock()
		h.seq = entries[len(entries)-1].Seq
		for l := range h.listening {
			events, rendered := languages[l.lang]
			if !rendered { // came while we rendered for the others
				events = h.s.facts(told, l.lang)
				languages[l.lang] = events
			}
			for _, e := range events {
				h.send(l, e)
			}
		}
		h.mu.Unlock()
	}
}

// reading is a batch of entries with the sales they are about, read once for every language: two screens
// never disagree.
type reading struct {
	entries  []pos.Entry
	sales    map[string]pos.Sale
	last     map[string]int64 // the last sequence number of the batch that speaks of a sale
	outlooks map[string]pos.Outlook
	at       time.Time
}

// read fails rather than leave a sale out: what is skipped would never be told.
func (s *Server) read(ctx context.Context, entries []pos.Entry) (reading, error) {
	told := reading{entries, map[string]pos.Sale{}, map[string]int64{}, s.o.Till.Standing().Outlooks, time.Now()}
	for _, e := range entries {
		if e.Sale == "" {
			continue
		}
		told.last[e.Sale] = e.Seq
		if _, known := told.sales[e.Sale]; known {
			continue
		}
		x, err := s.o.Book.Sale(ctx, e.Sale)
		if err != nil {
			return reading{}, fmt.Errorf("sale %s: %w", e.Sale, err)
		}
		told.sales[e.Sale] = x
	}
	return told, nil
}

// facts are the events of a batch for readers of lang: each sale once, under the last sequence number
// that speaks of it, and before it the attempt or refund that this entry was about. Only the last event
// of an entry carries the number: who is cut off between the two asks for both again.
func (s *Server) facts(told reading, lang string) []event {
	var events []event
	for _, e := range told.entries {
		if e.Sale == "" {
			if e.Kind == pos.DayOpened || e.Kind == pos.DayClosed {
				events = append(events, event{"day", e.Seq, encode(map[string]any{"day": e.Day, "kind": e.Kind, "z": e.Body.Z})})
			}
			continue
		}
		if told.last[e.Sale] != e.Seq {
			continue
		}
		x := told.sales[e.Sale]
		v := s.sale(x, lang, told.at, told.outlooks)
		for _, a := range v.Attempts {
			if a.Reference == e.Reference {
				events = append(events, event{"attempt", 0, encode(struct {
					Sale string `json:"sale"`
					Attempt
				}{x.ID, a})})
			}
		}
		for _, f := range v.Refunds {
			if f.Reference == e.Reference {
				events = append(events, event{"refund", 0, encode(f)})
			}
		}
		events = append(events, event{"sale", e.Seq, encode(v)})
	}
	return events
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // our own shapes always encode
		return []byte("{}")
	}
	return b
}

// pass sends what is not journaled.
func (h *hub) pass(n news) {
	var data []byte
	switch w := n.what.(type) {
	case pos.Connection:
		data = encode(h.s.acquirer(w))
	case pos.Prompt:
		data = encode(shapePrompt(w))
	default:
		data = encode(w)
	}
	h.all(func(string) event { return event{n.kind, 0, data} })
}

// troubles sends those that have come to stand, and those that have gone.
func (h *hub) troubles(standing map[string]bool) {
	now := map[string]bool{}
	for _, t := range h.s.o.Health.Standing(time.Now()) {
		key := string(t.Code) + " " + t.About + " " + t.Since.String()
		now[key] = true
		if !standing[key] {
			h.all(func(lang string) event {
				for _, v := range h.s.troubles(lang) {
					if v.Code == t.Code && v.About == t.About {
						return event{"trouble", 0, encode(v)}
					}
				}
				return event{"trouble", 0, []byte("{}")}
			})
		}
	}
	for key := range standing {
		if !now[key] {
			code, _, _ := strings.Cut(key, " ")
			h.all(func(string) event { return event{"trouble", 0, encode(map[string]any{"code": code, "cleared": true})} })
		}
	}
	clear(standing)
	for key := range now {
		standing[key] = true
	}
}

func (h *hub) all(render func(lang string) event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rendered := map[string]event{}
	for l := range h.listening {
		e, ok := rendered[l.lang]
		if !ok {
			e = render(l.lang)
			rendered[l.lang] = e
		}
		h.send(l, e)
	}
}

// send hands an event over, or cuts the listener off. The caller holds the lock.
func (h *hub) send(l *listener, e event) {
	if !h.listening[l] {
		return
	}
	select {
	case l.events <- e:
	default:
		delete(h.listening, l)
		close(l.events)
	}
}

// join begins to listen. What the journal says up to seq is the listener's own to read.
func (h *hub) join(lang string) (l *listener, seq int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.listening) >= maxStreams {
		return nil, 0, false
	}
	l = &listener{lang: lang, events: make(chan event, maxBehind)}
	h.listening[l] = true
	return l, h.seq, true
}

func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listening[l] {
		delete(h.listening, l)
		close(l.events)
	}
}

func (h *hub) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listening)
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listening {
		delete(h.listening, l)
		close(l.events)
	}
}
