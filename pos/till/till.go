// Package till owns the conversation at the counter: the sale in hand and every attempt that is still
// owed a call. One goroutine does it; everyone else sends and waits.
//
// It decides what is journaled and what is sent, and in which order: a fact is on disk before it is
// acted on. It refuses to know how entries are stored, how an acquirer is spoken to, or what a screen
// looks like.
package till

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"posd/pos"
)

// Journal is what the till needs of the register file.
type Journal interface {
	// Append writes all entries durably in one step or none; after an error it is unknown which, and
	// only Reopen helps.
	Append(ctx context.Context, entries ...pos.Entry) ([]pos.Entry, error)
	Reopen(ctx context.Context) error
	// Spare reports whether there is room to begin something new. When there is none, what is under way can still
	// be written to its end.
	Spare() bool
	Sale(ctx context.Context, id string) (pos.Sale, error)
	SaleOf(ctx context.Context, reference string) (pos.Sale, error)
	Pressing(ctx context.Context) ([]pos.Sale, error) // what must be known before anything is sold
	Refunds(ctx context.Context, left bool, after int64, limit int) ([]pos.Waiting, error)
	Backlog(ctx context.Context) (pos.Backlog, error)
	Owed(ctx context.Context, after int64) ([]pos.Carried, error)
	Request(ctx context.Context, key string) (pos.Entry, bool, error)
	AsOf(ctx context.Context, sale string, seq int64) (pos.Sale, error)
	Surprises(ctx context.Context, since time.Time) ([]pos.Entry, error) // what changed an ending, or fitted nothing
	CodeUsed(ctx context.Context, codeHash string) (bool, error)
	PaidSince(ctx context.Context, charged pos.Amount, since time.Time) (bool, error)
	Attempts(ctx context.Context, day pos.Date) (int, error)
	Idle(ctx context.Context) ([]pos.Sale, error) // open sales with nothing unfinished
	OpenDay(ctx context.Context) (pos.Day, bool, error)
	Day(ctx context.Context, day pos.Date) (pos.Day, error)
	Days(ctx context.Context, limit int) ([]pos.Day, error)
	Generation(ctx context.Context) (n, z int, err error) // how often the file was restored, and the Z numbers that may be taken
	Head(ctx context.Context) (pos.Head, error)
	Fingerprint(purpose string, secret []byte) string
}

// Options are what a till is made of. The functions are called from the till's goroutine and must
// return at once.
type Options struct {
	Register  string // in every reference
	Currency  pos.Currency
	Calendar  pos.Calendar
	Hold      time.Duration // how long a scanned code waits for the line; 0 to 40 s, 0 not at all
	Limit     int           // unfinished attempts before no new sale is taken
	Journal   Journal
	Acquirer  pos.Acquirer
	Rand      io.Reader                                // for ids; crypto/rand.Reader outside simulations
	Show      func(pos.Prompt)                         // the customer display
	Told      func(kind string, what any)              // "line" with a pos.Connection, "prompt" with a pos.Prompt
	Committed func(pos.Growth)                         // the journal grew, and Standing tells of it
	Trouble   func(pos.Trouble)                        // something a person should know
	Clear     func(code pos.TroubleCode, about string) // it no longer stands
	Felt      func(scanner string, taken bool)         // whether a code off a scanner was taken; may be nil
	Log       *slog.Logger
}

// Waits of the till; the dialect's own paces come from its capabilities.
const (
	armFor         = 120 * time.Second      // how long the scanner stays armed (local API contract)
	holdEvery      = time.Second            // between dials for a held code
	soonHeld       = 250 * time.Millisecond // a dial slower than this is journaled as held
	foreground     = 90 * time.Second       // asked at the dialect's pace while the shopper is likely there
	backgroundIn   = 30 * time.Second       // first wait after that; doubles
	backgroundTo   = 15 * time.Minute       // longest wait between two tries
	callBound      = 90 * time.Second       // no call lasts longer, whatever a client does
	reopenEvery    = time.Second            // after a failed commit
	spareEvery     = 500 * time.Millisecond // while the disk is full
	breath         = time.Millisecond       // a charge goes out before anybody is told of it
	probeEvery     = 10 * time.Second       // while the acquirer cannot be reached
	handBackWithin = 3 * time.Minute        // a restart goes on with a payment this young on the customer display
	outcomeFor     = 30 * time.Second       // an outcome stays on the customer display
	codeLife       = 70 * time.Second       // a wallet's code is dead after this
	doubleWithin   = time.Minute            // a second sale of the same amount so soon is asked about
	maxCalls       = 32                     // calls at a time about unfinished attempts; new payments do not count
)

// Till owns the sale in hand and everything owed. Its fields belong to the goroutine inside Run but
// for standing, which mu guards.
type Till struct {
	o     Options
	can   pos.Capabilities
	log   *slog.Logger
	inbox chan func(context.Context) // what the counter says
	later chan word                  // what refunds say: it waits while the counter speaks
	ended chan struct{}
	calls sync.WaitGroup

	sales   map[string]*pos.Sale    // those with something owed, armed or in hand
	owed    map[string]*debt        // unfinished attempts, by reference
	back    []*giving               // unfinished refunds that are at hand, in the order they were asked for
	unread  unread                  // the others
	byRef   map[string]*giving      // the same by reference
	running int                     // calls under way about unfinished attempts
	flow    flow                    // of the refunds
	orphans map[string][]pos.Orphan // money that waits for a manager, by sale
	full    bool                    // as many attempts are unfinished as may be

	armed      string // sale
	armedUntil time.Time
	inHand     string // the sale that the customer display is about
	prompt     pos.Prompt
	promptEnds time.Time

	day     pos.Day  // the open one; zero when none is
	closing bool     // it is about to end: what is written meanwhile still counts in it
	closed  pos.Date // the last that was closed
	lastZ   int
	counter int // references made on counted
	counted pos.Date

	generation int // how often the file was restored
	last       pos.Head

	broken     error     // the failed commit that closed the till, or nil
	reopenAt   time.Time // next try to open the file again
	reopened   time.Time // when that last went well
	crammed    bool      // the disk has no room for anything new
	spareAt    time.Time // next look at it
	connection pos.Connection
	compared   time.Time // when our clock was last compared with the acquirer's
	late       bool      // our clock stands behind the journal
	misfit     bool
	failures   int
	probing    bool
	probeAt    time.Time
	unheard    []lesson // answers that a failed commit left unwritten
	told       int64    // the last sequence number that Committed was told
	grown      []pos.Entry
	changed    map[string]*pos.Sale // that grown is about
	untold     bool                 // the prompt has changed, and nobody who listens knows yet
	unsaid     func()               // what follows from a charge that is going out
	notes      [][]any              // for the log

	mu       sync.Mutex
	standing pos.Standing
}

// New makes a till; Run starts it.
func New(o Options) *Till {
	return &Till{
		o: o, can: o.Acquirer.Can(), log: o.Log.With("part", "till"),
		inbox: make(chan func(context.Context)), later: make(chan word), ended: make(chan struct{}),
		sales: map[string]*pos.Sale{}, owed: map[string]*debt{}, byRef: map[string]*giving{}, changed: map[string]*pos.Sale{}, orphans: map[string][]pos.Orphan{},
		connection: pos.Connection{State: pos.Degraded, Reason: "untried"},
	}
}

// Run serves the counter until ctx ends, then waits for the calls it started; what is still owed is on
// disk. It returns an error only when the register file cannot be read at the start.
func (t *Till) Run(ctx context.Context) error {
	defer close(t.ended)
	defer t.calls.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	t.connection.Since = time.Now()
	if err := t.resume(ctx); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	t.remember(ctx)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := t.discharge(ctx)
		if t.unsaid == nil {
			t.publish()
		} else {
			wait = min(wait, breath)
		}
		timer.Reset(wait)
		select { // who stands at the counter does not wait behind refunds
		case f := <-t.inbox:
			t.turn(ctx, f)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			t.catchUp()
			t.close()
			return nil
		case f := <-t.inbox:
			t.turn(ctx, f)
		case w := <-t.later:
			t.turn(ctx, func(ctx context.Context) { t.hear(ctx, w) })
		case <-timer.C:
			t.catchUp()
		}
	}
}

// close says that no sale is taken any more.
func (t *Till) close() {
	t.broken = errors.New("the till is closed")
	t.flow.turnAway(time.Now(), 0)
	t.publish()
}

// post hands f to the till's goroutine; false when the till has ended.
func (t *Till) post(ctx context.Context, f func(context.Context)) bool {
	select {
	case t.inbox <- f:
		return true
	case <-ctx.Done():
		return false
	case <-t.ended:
		return false
	}
}

// A reply answers whoever gave a command, once.
type reply func(pos.Sale, error)

// ask runs a command in the till's goroutine and waits for its reply, which may come later than the
// command itself.
func (t *Till) ask(ctx context.Context, op string, do func(context.Context, reply)) (pos.Sale, error) {
	type result struct {
		sale pos.Sale
		err  error
	}
	results := make(chan result, 1)
	sent := t.post(ctx, func(ctx context.Context) {
		if t.broken != nil {
			results <- result{err: &pos.Error{Op: op, Problem: pos.StorageFailed, Err: t.broken}}
			return
		}
		do(ctx, func(s pos.Sale, err error) { results <- result{clone(s), err} })
	})
	if sent {
		select {
		case r := <-results:
			return r.sale, r.err
		case <-ctx.Done():
		case <-t.ended:
		}
	}
	return pos.Sale{}, &pos.Error{Op: op, Problem: pos.Internal, Err: errors.Join(ctx.Err(), errors.New("the till gave no reply"))}
}

// resume reads what the file says is owed and tells each attempt what a restart means to it.
func (t *Till) resume(ctx context.Context) error {
	if err := t.readDay(ctx); err != nil {
		return err
	}
	sales, err := t.o.Journal.Pressing(ctx)
	if err != nil {
		return err
	}
	kept := t.owed
	t.sales, t.owed = map[string]*pos.Sale{}, map[string]*debt{}
	if err := t.rememberRefunds(ctx); err != nil {
		return err
	}
	t.rememberOrphans(sales)
	for _, s := range sales {
		for _, a := range s.Attempts {
			if a.State.Final() {
				continue
			}
			t.sales[s.ID] = &s
			d := kept[a.Reference]
			if d == nil {
				d = &debt{sale: s.ID}
			}
			d.a, d.pending, d.due = a, nil, time.Now()
			t.owed[a.Reference] = d
		}
	}
	t.broken = nil
	t.handBack()
	for _, d := range t.inOrder() {
		if d.charging || d.calling {
			continue // this process is still in the middle of it
		}
		event := d.a.State.Restart(d.a.Mode)
		if d.stayed && d.a.State == pos.Sent {
			event = pos.NotLeft // the commit that failed had happened, but nothing followed it
		}
		if to, ok := d.a.State.Next(event); ok && to == d.a.State && d.a.NeedsManager(t.can, time.Now()) {
			continue // it waits for a manager as before
		}
		if err := t.learn(ctx, d.a.Reference, pos.Answer{Event: event, Reason: "restart"}); err != nil {
			return err
		}
	}
	if err := t.readLeft(ctx); err != nil {
		return err
	}
	unheard := t.unheard
	t.unheard = nil
	for i, l := range unheard {
		var err error
		if l.refund != nil {
			err = t.learnRefund(ctx, l.reference, *l.refund)
		} else {
			err = t.learn(ctx, l.reference, l.answer)
		}
		if err != nil {
			t.unheard = append(t.unheard, unheard[i+1:]...)
			return err
		}
	}
	t.o.Clear(pos.TroubleStorage, "")
	t.room()
	t.probe(ctx)
	return nil
}

// Sync tries everything that is owed now, and the line.
func (t *Till) Sync(ctx context.Context) error {
	_, err := t.ask(ctx, "till.sync", func(ctx context.Context, answer reply) {
		t.flow.rest, t.flow.silent = time.Time{}, 0
		t.hurry()
		t.probe(ctx)
		answer(pos.Sale{}, nil)
	})
	return err
}

// hurry makes everything owed due now, with the back-off forgotten.
func (t *Till) hurry() {
	for _, d := range t.owed {
		d.tries, d.due = 0, time.Now()
	}
	now := time.Now() // one instant for all: they go in their order
	for _, g := range t.back {
		g.tries, g.due = 0, now
	}
	t.flow.yield(now)
}
