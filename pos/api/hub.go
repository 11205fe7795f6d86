package api

import (
	"context"
	"fmt"
	"runtime"
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
	ready chan struct{} // closed when it knows where the journal ends

	mu        sync.Mutex
	fresh     []pos.Growth // as the till told them; what is missing here is read from the journal
	seq       int64        // all listeners have what the journal says up to here
	listening map[*listener]bool
	closed    bool
}

type news struct {
	kind string
	what any
}

// event is one event of the stream as it goes over the wire, made once for all who read the same language.
type event []byte

// made writes an event down; id 0 has none.
func made(kind string, id int64, data []byte) event {
	if id == 0 {
		return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", kind, data)
	}
	return fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", id, kind, data)
}

type listener struct {
	lang   string
	events chan event // closed when the listener is cut off
}

const (
	maxFresh  = 64  // commits that wait in memory
	maxNews   = 256 // passing news that wait: a full house drops the oldest news, never a fact
	maxBehind = 256 // events that a listener may be behind
	batch     = 500 // entries read at a time
	tryAgain  = time.Second
)

func newHub(s *Server) *hub {
	return &hub{s: s, woken: make(chan struct{}, 1), news: make(chan news, maxNews), ready: make(chan struct{}), listening: map[*listener]bool{}}
}

func (h *hub) wake(g pos.Growth) {
	h.mu.Lock()
	if h.fresh = append(h.fresh, g); len(h.fresh) > maxFresh {
		h.fresh = nil
	}
	h.mu.Unlock()
	h.grown.Store(g.Seq)
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
	close(h.ready)
	defer h.close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	standing := map[string]bool{}
	var again time.Time // when the file, which could not be read, is read again: other news do not put it off
	for {
		wait := time.Hour
		switch owed := h.seq < h.grown.Load(); {
		case !owed:
			again = time.Time{}
		case again.IsZero():
			again = time.Now().Add(tryAgain)
		}
		if !again.IsZero() { // what it says is still owed to everyone
			wait = max(0, time.Until(again))
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
			again = time.Time{}
			h.commits(ctx)
			h.troubles(standing)
		}
	}
}

// commits sends the sales that the journal says anew something about.
func (h *hub) commits(ctx context.Context) {
	for h.seq < h.grown.Load() {
		told, err := h.next(ctx)
		if err != nil {
			h.s.log.ErrorContext(ctx, "events", "err", err)
			return
		}
		if len(told.entries) == 0 {
			return
		}
		h.mu.Lock()
		languages := map[string][]event{}
		for l := range h.listening {
			languages[l.lang] = nil
		}
		h.mu.Unlock()
		for lang := range languages {
			languages[lang] = h.s.facts(told, lang)
		}
		h.mu.Lock()
		h.seq = told.entries[len(told.entries)-1].Seq
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
		runtime.Gosched() // the screens first, then what changes by itself
	}
}

// next is what follows what all listeners have: as the till told it, or, where it told less than the journal
// has, read from there.
func (h *hub) next(ctx context.Context) (reading, error) {
	h.mu.Lock()
	var told reading
	for len(h.fresh) > 0 && told.entries == nil {
		g := h.fresh[0]
		if len(g.Entries) > 0 && g.Entries[0].Seq > h.seq+1 {
			break // a gap: the journal fills it
		}
		h.fresh = h.fresh[1:]
		if whole(g, h.seq) {
			told = reading{entries: g.Entries, sales: g.Sales}
		}
	}
	h.mu.Unlock()
	if told.entries != nil {
		return h.s.about(told), nil
	}
	entries, err := h.s.o.Book.Entries(ctx, h.seq, int(min(batch, h.grown.Load()-h.seq)))
	if err != nil {
		return reading{}, err
	}
	return h.s.read(ctx, entries)
}

// whole reports whether a growth has every row after seq.
func whole(g pos.Growth, seq int64) bool {
	for i, e := range g.Entries {
		if e.Seq != seq+1+int64(i) {
			return false
		}
	}
	return len(g.Entries) > 0 && g.Seq == seq+int64(len(g.Entries))
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
	told := reading{entries: entries, sales: map[string]pos.Sale{}}
	for _, e := range entries {
		if _, known := told.sales[e.Sale]; known || e.Sale == "" {
			continue
		}
		x, err := s.o.Book.Sale(ctx, e.Sale)
		if err != nil {
			return reading{}, fmt.Errorf("sale %s: %w", e.Sale, err)
		}
		told.sales[e.Sale] = x
	}
	return s.about(told), nil
}

// about completes a batch with what the journal does not know.
func (s *Server) about(told reading) reading {
	told.outlooks, told.at, told.last = s.o.Till.Standing().Outlooks, time.Now(), map[string]int64{}
	for _, e := range told.entries {
		if e.Sale != "" {
			told.last[e.Sale] = e.Seq
		}
	}
	return told
}

// facts are the events of a batch for readers of lang: each sale once, under the last sequence number
// that speaks of it, and before it the attempt or refund that this entry was about. Only the last event
// of an entry carries the number: who is cut off between the two asks for both again.
func (s *Server) facts(told reading, lang string) []event {
	var events []event
	for _, e := range told.entries {
		if e.Sale == "" {
			if e.Kind == pos.DayOpened || e.Kind == pos.DayClosed {
				events = append(events, made("day", e.Seq, encode(map[string]any{"day": e.Day, "kind": e.Kind, "z": e.Body.Z})))
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
				events = append(events, made("attempt", 0, encode(struct {
					Sale string `json:"sale"`
					Attempt
				}{x.ID, a})))
			}
		}
		for _, f := range v.Refunds {
			if f.Reference == e.Reference {
				events = append(events, made("refund", 0, encode(f)))
			}
		}
		events = append(events, made("sale", e.Seq, encode(v)))
	}
	return events
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
	h.all(func(string) event { return made(n.kind, 0, data) })
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
						return made("trouble", 0, encode(v))
					}
				}
				return made("trouble", 0, []byte("{}"))
			})
		}
	}
	for key := range standing {
		if !now[key] {
			code, _, _ := strings.Cut(key, " ")
			h.all(func(string) event { return made("trouble", 0, encode(map[string]any{"code": code, "cleared": true})) })
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

// join begins to listen. What the journal says up to seq is the listener's own to read. It waits a moment for a hub
// that has just begun, whose place in the journal nobody could resume from.
func (h *hub) join(ctx context.Context, lang string) (l *listener, seq int64, ok bool) {
	late := time.NewTimer(tryAgain)
	defer late.Stop()
	select {
	case <-h.ready:
	case <-late.C:
		return nil, 0, false
	case <-ctx.Done():
		return nil, 0, false
	}
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
