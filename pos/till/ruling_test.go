package till_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// doubtful is a sale whose charge is lost for good: only a manager can settle it.
func (c *counter) doubtful() (sale, reference string) {
	c.t.Helper()
	c.bank.next(c.bank.swallowed(time.Second))
	sale = c.sell(100)
	c.scan(sale, wechatCode)
	c.wait(2 * time.Second)
	return sale, c.sale(sale).Attempts[0].Reference
}

// A ruling has a name and a reason, both short enough for a report and without what would break its lines.
func TestWhatAManagerMayWrite(t *testing.T) {
	story(t, func(c *counter) {
		_, reference := c.doubtful()
		for name, words := range map[string][2]string{
			"no reason": {"", "jdoe"}, "a blank reason": {" \t", "jdoe"}, "no name": {"the portal says so", ""}, "a blank name": {"the portal says so", "  "},
			"a long reason": {strings.Repeat("x", 257), "jdoe"}, "a long name": {"the portal says so", strings.Repeat("x", 65)},
			"a line break": {"the portal\nsays so", "jdoe"}, "a bell in a name": {"the portal says so", "j\adoe"}, "a delete": {"x\x7f", "jdoe"},
		} {
			if _, err := c.till.Rule(c.t.Context(), reference, false, words[0], words[1]); pos.ProblemOf(err) != pos.BadRequest {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.till.Rule(c.t.Context(), reference, false, strings.Repeat("x", 256), strings.Repeat("y", 64)); err != nil {
			t.Errorf("as long as may be: %v", err)
		}
		_, err := c.till.Rule(c.t.Context(), "NYC5AV-03-991231-9999-none", true, "the portal says so", "jdoe")
		problem(t, err, pos.NotFound)
	})
}

// A ruling ends a sale only where somebody had asked for its end and nothing was paid.
func TestWhatARulingEnds(t *testing.T) {
	for _, given := range []bool{false, true} {
		for _, paid := range []bool{false, true} {
			story(t, func(c *counter) {
				sale, reference := c.doubtful()
				if given {
					if _, err := c.till.Cancel(c.t.Context(), sale, "mroy"); err != nil {
						t.Fatal(err)
					}
					c.wait(time.Minute)
				}
				s, err := c.till.Rule(c.t.Context(), reference, paid, "the portal says so", "jdoe")
				if err != nil {
					t.Fatal(err)
				}
				want := map[bool]string{false: "ruled_unpaid", true: "ruled_paid"}[paid]
				if given && !paid {
					want = "cancelled"
				}
				if s.Status() != want || c.sale(sale).Status() != want {
					t.Errorf("given up %v, ruled paid %v: %s in the answer, %s in the file, want %s", given, paid, s.Status(), c.sale(sale).Status(), want)
				}
				if open := !given && !paid; s.Open() != open {
					t.Errorf("given up %v, ruled paid %v: open %v", given, paid, s.Open())
				}
			})
		}
	}
}

// The last row of an attempt says by itself what a report needs: how much, in which wallet, whose sale. What the
// acquirer left out of its proof is the sale's own.
func TestTheRowThatEndsAnAttempt(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(func(_ context.Context, a *account) (pos.Answer, error) {
			return pos.Answer{Event: pos.Approve, Theirs: a.theirs}, nil // paid, and no more than that
		})
		s, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 1000, Currency: "USD"}, Tip: 150, Cashier: "mroy"})
		if err != nil {
			t.Fatal(err)
		}
		c.scan(s.ID, alipayCode)
		c.wait(0)
		entries, err := c.file.Entries(c.t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(entries, func(e pos.Entry) bool { return e.Kind == pos.KindOf(pos.Approve) })
		if i < 0 {
			t.Fatal(c.journal())
		}
		b := entries[i].Body
		if b.Amount != 1150 || b.Tip != 150 || b.Currency != "USD" || b.Cashier != "mroy" || b.Wallet != pos.Alipay || b.Theirs == "" || b.Late || b.To != "approved" {
			t.Errorf("the row says %+v", b)
		}
		if p := b.Paid; p == nil || p.Amount != 1150 || p.Tip != 150 || p.Currency != "USD" || p.Wallet != pos.Alipay || !p.At.Equal(entries[i].At) {
			t.Errorf("and of the money %+v", p)
		}
		leave := entries[slices.IndexFunc(entries, func(e pos.Entry) bool { return e.Kind == pos.KindOf(pos.Leave) })].Body
		if leave.Amount != 0 || leave.Paid != nil {
			t.Errorf("a row that ends nothing says %+v", leave)
		}
	})
}

// An answer that has no place in the table is written down and told, also when the disk fails at that moment.
func TestOddAnswerOverAFailingFile(t *testing.T) {
	for _, failing := range []bool{false, true} {
		story(t, func(c *counter) {
			c.bank.next(c.bank.never)
			sale := c.sell(100)
			c.scan(sale, wechatCode)
			c.wait(time.Second)
			c.bank.mu.Lock()
			c.bank.answers = append(c.bank.answers, func(a *account) (pos.Answer, error) { return pos.Answer{Event: pos.TooLate, Theirs: a.theirs}, nil })
			c.bank.mu.Unlock()
			if failing {
				c.file.mu.Lock()
				c.file.fail = append(c.file.fail, fault{kind: pos.AttemptOdd})
				c.file.mu.Unlock()
			}
			c.wait(10 * time.Second)
			odd := 0
			for _, kind := range c.journalOf(sale) {
				if kind == string(pos.AttemptOdd) {
					odd++
				}
			}
			if odd != 1 {
				t.Errorf("disk fails %v: the journal has %d odd rows: %v", failing, odd, c.journalOf(sale))
			}
			c.troubled(pos.TroubleOddAnswer, true)
			c.status(sale, "awaiting")
		})
	}
}

// A manager has ruled, and nobody thinks of the attempt any more, when the proof of the opposite arrives. Where the
// disk cannot be read it is kept until it can; where the file knows of no such attempt, that is no fault of the disk.
func TestProofAfterARulingOverAFailingFile(t *testing.T) {
	for _, unknown := range []bool{false, true} {
		story(t, func(c *counter) {
			release := make(chan struct{})
			sale, reference := c.doubtful()
			c.bank.revive(reference, release)
			if err := c.till.Sync(c.t.Context()); err != nil {
				t.Fatal(err)
			}
			c.wait(4 * time.Second)
			if _, err := c.till.Rule(c.t.Context(), reference, false, "not on the portal", "jdoe"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.till.Cancel(c.t.Context(), sale, "mroy"); err != nil {
				t.Fatal(err)
			}
			c.paid(300, alipayCode) // another sale is in hand
			failure := errors.New("disk I/O error")
			if unknown {
				failure = pos.Refuse("store.sale", pos.NotFound, "%s", reference)
			}
			c.file.mu.Lock()
			c.file.blind = append(c.file.blind, failure)
			c.file.mu.Unlock()
			close(release)
			c.wait(10 * time.Second)
			c.file.mu.Lock()
			tried, reopened := len(c.file.blind) == 0, c.file.shut < 0
			c.file.mu.Unlock()
			if s := c.sale(sale); !tried || reopened == unknown || s.Orphan() == unknown {
				t.Errorf("unknown %v: the file was read %v, opened again %v; the sale is %s, its attempt %s", unknown, tried, reopened, s.Status(), s.Attempts[0].State)
			}
			c.troubled(pos.TroubleOrphan, !unknown)
		})
	}
}

// A search finds the acquirer's id, and then the line is gone before the question by it is answered: still doubt, but
// the id is written down, so that nobody needs to search again.
func TestAnIDIsKeptThoughNothingElseIsKnown(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(time.Second))
		c.bank.mu.Lock()
		for range 20 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { return pos.Answer{}, errCut })
		}
		c.bank.mu.Unlock()
		sale := c.sell(100)
		c.scan(sale, wechatCode)
		c.wait(2 * time.Second)
		c.status(sale, "checking")
		if a := c.sale(sale).Attempts[0]; a.Theirs != "T-"+a.Reference {
			t.Errorf("the id is %q: %v", a.Theirs, c.journalOf(sale))
		}
	})
}
