// Package health says which troubles stand now. Others raise and clear them as they see them; the
// board holds back what only blinked, lets go what was over in a moment, and hides what another
// trouble explains.
//
// It finds no trouble by itself, repairs none and has no sentences: those are the catalogue of words.
package health

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"posd/pos"
)

// Limit is how many troubles are kept. Past it the least grave goes first, a passing one before a
// condition and an older one before a newer.
const Limit = 200

// Board holds the troubles. Its methods may be called from several goroutines and do not block.
type Board struct {
	told func()

	mu   sync.Mutex
	held map[key]entry
}

type key struct {
	code  pos.TroubleCode
	about string
}

type entry struct {
	pos.Trouble
	last time.Time // when it was raised last; a passing one lives from here
}

// Shown is a trouble that a person should see.
type Shown struct {
	pos.Trouble
	Severity string
}

// New makes an empty board. told is called after a Raise or Clear that may have changed what stands;
// it must not block. What changes by time alone is told by NextChange.
func New(told func()) *Board {
	return &Board{told: told, held: map[key]entry{}}
}

// Raise says that a trouble stands or, when it is passing, just happened at its Since. Raised again
// with the same code and about it keeps its Since, unless it is a passing one whose time was over.
func (b *Board) Raise(t pos.Trouble) {
	if t.Since.IsZero() {
		t.Since = time.Now() // a raiser that forgot the time still has its trouble shown
	}
	t.Args = maps.Clone(t.Args)
	if b.raise(t) {
		b.told()
	}
}

func (b *Board) raise(t pos.Trouble) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{t.Code, t.About}
	fresh := entry{t, t.Since}
	known, ok := b.held[k]
	if ok && !known.over(t.Since) {
		if known.Since.Before(t.Since) {
			fresh.Since = known.Since
		}
		if fresh.last.Before(known.last) {
			fresh.last = known.last
		}
		fresh.Passing = t.Passing && known.Passing // a condition ends by Clear, whatever else happens
		if !fresh.Passing && !known.Passing && fresh.Since.Equal(known.Since) && maps.Equal(fresh.Args, known.Args) {
			return false
		}
	}
	b.held[k] = fresh
	if len(b.held) > Limit {
		b.drop(t.Since)
	}
	return true
}

// drop makes room for one: what is over goes first, then the least grave.
func (b *Board) drop(now time.Time) {
	least := func(a, c key) int {
		x, y := b.held[a], b.held[c]
		return cmp.Or(
			-flag(x.over(now), y.over(now)),
			-cmp.Compare(weight(Severity(a.code)), weight(Severity(c.code))),
			-flag(x.Passing, y.Passing),
			x.last.Compare(y.last), cmp.Compare(a.code, c.code), cmp.Compare(a.about, c.about))
	}
	delete(b.held, slices.MinFunc(slices.Collect(maps.Keys(b.held)), least))
}

// flag orders what is not before what is.
func flag(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Clear says that a condition is over. A passing trouble goes too.
func (b *Board) Clear(code pos.TroubleCode, about string) {
	b.mu.Lock()
	k := key{code, about}
	_, stood := b.held[k]
	delete(b.held, k)
	b.mu.Unlock()
	if stood {
		b.told()
	}
}

// Standing lists what a person should see at now, the gravest first, then the oldest.
func (b *Board) Standing(now time.Time) []Shown {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.held, func(_ key, e entry) bool { return e.over(now) })
	explained := map[key]bool{}
	for _, e := range b.held {
		if !e.begun(now) {
			continue
		}
		for _, code := range look(e.Code).hides {
			explained[key{code, e.About}] = true
		}
	}
	shown := []Shown{}
	for k, e := range b.held {
		if !e.begun(now) || explained[k] || explained[key{k.code, ""}] {
			continue
		}
		t := e.Trouble
		t.Args = maps.Clone(t.Args)
		shown = append(shown, Shown{t, Severity(t.Code)})
	}
	slices.SortStableFunc(shown, func(a, c Shown) int {
		return cmp.Or(cmp.Compare(weight(a.Severity), weight(c.Severity)), a.Since.Compare(c.Since),
			cmp.Compare(a.Code, c.Code), cmp.Compare(a.About, c.About))
	})
	return shown
}

// NextChange is when Standing will answer otherwise by time alone: a delay or a passing life ends.
// It is zero when nothing is under way.
func (b *Board) NextChange(now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	var next time.Time
	for _, e := range b.held {
		at := e.change(now)
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// begun reports whether the trouble has stood long enough to be shown. A passing one shows at once.
func (e entry) begun(now time.Time) bool {
	return e.Passing || now.Sub(e.Since) >= look(e.Code).delay
}

// over reports whether a passing trouble has had its time.
func (e entry) over(now time.Time) bool {
	return e.Passing && now.Sub(e.last) >= look(e.Code).life
}

// change is the next instant after now at which begun or over turns, or zero.
func (e entry) change(now time.Time) time.Time {
	at := e.Since.Add(look(e.Code).delay)
	if e.Passing {
		at = e.last.Add(look(e.Code).life)
	}
	if at.After(now) {
		return at
	}
	return time.Time{}
}
