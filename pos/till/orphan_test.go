package till_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// inDoubt is a payment whose answer is lost; the question about it hangs until release is closed, and then the
// money is there.
func (c *counter) inDoubt(minor int64, code string) (sale, reference string, release chan struct{}) {
	release = make(chan struct{})
	c.bank.next(c.bank.swallowed(time.Second))
	sale = c.sell(minor)
	c.scan(sale, code)
	c.wait(2 * time.Second)
	reference = c.sale(sale).Attempts[0].Reference
	c.bank.revive(reference, release)
	c.wait(4 * time.Second)
	return sale, reference, release
}

// closeIfOpen closes the day, unless the cut-off did.
func (c *counter) closeIfOpen(key string) error {
	_, err := c.close(key)
	if pos.ProblemOf(err) == pos.DayNotClosable {
		return nil
	}
	return err
}

func (c *counter) rule(reference string, paid bool) {
	c.t.Helper()
	if _, err := c.till.Rule(c.t.Context(), reference, paid, "not on the portal", "jdoe"); err != nil {
		c.t.Fatal(err)
	}
}

// However the sale had ended, money that comes later is written down, said aloud, and an orphan where nobody wants
// it; a restart tells the same again. In the day's close the orphan stands by name, for a manager.
func TestLateMoneyAfterEveryEnding(t *testing.T) {
	for name, end := range map[string]struct {
		do     func(c *counter, sale, reference string)
		orphan string // why
		late   bool   // the attempt had ended too
	}{
		"settled in cash": {func(c *counter, sale, _ string) {
			if _, err := c.till.Settle(c.t.Context(), sale, "cash", "mroy"); err != nil {
				c.t.Fatal(err)
			}
		}, "orphan_settled", false},
		"ruled unpaid": {func(c *counter, _, reference string) { c.rule(reference, false) }, "", true},
		"ruled unpaid and cancelled": {func(c *counter, sale, reference string) {
			if _, err := c.till.Cancel(c.t.Context(), sale, "mroy"); err != nil {
				c.t.Fatal(err)
			}
			c.rule(reference, false)
		}, "orphan_cancelled", true},
		"ruled unpaid and settled": {func(c *counter, sale, reference string) {
			c.rule(reference, false)
			if _, err := c.till.Settle(c.t.Context(), sale, "card", "mroy"); err != nil {
				c.t.Fatal(err)
			}
		}, "orphan_settled", true},
		"paid with another code": {func(c *counter, sale, reference string) {
			c.rule(reference, false)
			c.scan(sale, alipayCode)
			c.wait(time.Second)
			c.status(sale, "paid")
		}, "orphan_twice", true},
		"ruled paid": {func(c *counter, _, reference string) { c.rule(reference, true) }, "", true},
		"the day was closed": {func(c *counter, sale, reference string) {
			c.rule(reference, false)
			if _, err := c.till.Arm(c.t.Context(), c.sell(7)); err != nil { // the next shopper is at the counter
				c.t.Fatal(err)
			}
			if _, err := c.close("z1"); err != nil {
				c.t.Fatal(err)
			}
			c.status(sale, "cancelled")
		}, "orphan_cancelled", true},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				sale, reference, release := c.inDoubt(100, wechatCode)
				end.do(c, sale, reference)
				came := fmt.Sprintf(" %ds", int(time.Since(c.began).Seconds()))
				close(release)
				c.wait(time.Second)
				s := c.sale(sale)
				if s.Attempt(reference).State != pos.Approved || s.Orphan() != (end.orphan != "") {
					t.Errorf("the attempt is %s, orphan %v", s.Attempt(reference).State, s.Orphan())
				}
				var want []string
				if end.orphan != "" {
					want = append(want, "orphan "+sale+came)
				}
				if end.late {
					want = append(want, "paid_late "+reference+came)
				}
				slices.Sort(want)
				said := func(when string) {
					t.Helper()
					got := c.told()
					slices.Sort(got)
					if !slices.Equal(got, want) {
						t.Errorf("%s people are told %q, want %q", when, got, want)
					}
				}
				said("at once")
				c.wait(10 * time.Minute)
				c.restart()
				said("after a restart")
				c.wait(5 * time.Hour) // past the cut-off, which closes the day by itself
				if err := c.closeIfOpen("z2"); err != nil {
					t.Fatal(err)
				}
				carried := c.closing().Body.Carried
				if end.orphan == "" {
					if len(carried) != 0 {
						t.Errorf("carried over: %+v", carried)
					}
					return
				}
				if len(carried) != 1 || carried[0].ID != reference || !carried[0].Orphan || carried[0].Who != "manager" || carried[0].Why != end.orphan ||
					carried[0].Amount != 100 || !carried[0].Due.Equal(carried[0].Since.Add(24*time.Hour)) {
					t.Errorf("carried over: %+v", carried)
				}
				c.wait(time.Hour)
				c.restart()
				want = []string{"orphan " + sale + came} // late money is no news any more; what to do about it is
				said("an hour later")
			})
		})
	}
}

// A manager confirms the proposed refund: then the refund is what is followed. Where it is refused the orphan is
// back; when the money has gone back nobody is told anything any more. Every step survives a restart.
func TestOrphanGoesBack(t *testing.T) {
	story(t, func(c *counter) {
		sale, _, release := c.inDoubt(100, wechatCode)
		if _, err := c.till.Settle(c.t.Context(), sale, "cash", "mroy"); err != nil {
			t.Fatal(err)
		}
		close(release)
		c.wait(time.Second)
		stands := func(want bool) {
			t.Helper()
			for range 2 {
				if got := strings.HasPrefix(strings.Join(c.told(), " "), "orphan "); got != want {
					t.Errorf("told %q, want an orphan %v", c.told(), want)
				}
				c.restart()
			}
		}
		stands(true)
		c.bank.mu.Lock()
		c.bank.gives = append(c.bank.gives, func(pos.Refund) (pos.RefundAnswer, error) {
			return pos.RefundAnswer{Event: pos.RefundRefuse, Reason: "refused"}, nil
		})
		c.bank.mu.Unlock()
		c.bank.line(true)
		r := c.give(sale, 100, "k1")
		c.wait(time.Second)
		stands(false) // a refund is under way: that is followed by itself
		c.bank.line(false)
		c.wait(time.Hour)
		c.stands(r.ID, pos.Refused)
		stands(true)
		c.give(sale, 40, "k2")
		c.wait(time.Second)
		stands(true) // 60 are left
		c.give(sale, 60, "k3")
		c.wait(time.Second)
		stands(false)
		if s := c.sale(sale); s.Orphan() || s.Owing() {
			t.Errorf("it went back and is still an orphan: %+v", s.Refunds)
		}
	})
}

// The row that makes money an orphan names the ticket: the day's report knows from the entry alone.
func TestTheRowOfAnOrphanNamesItsTicket(t *testing.T) {
	story(t, func(c *counter) {
		s, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 100, Currency: "USD"}, Ticket: "T-17"})
		if err != nil {
			t.Fatal(err)
		}
		c.bank.next(replyLost(time.Second))
		c.scan(s.ID, wechatCode)
		if _, err := c.till.Settle(c.t.Context(), s.ID, "cash", "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		entries, err := c.file.Entries(c.t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(entries, func(e pos.Entry) bool { return e.Kind == pos.KindOf(pos.Approve) })
		if i < 0 || entries[i].Body.Orphan != entries[i].Reference || entries[i].Body.Ticket != "T-17" {
			t.Errorf("row %d of %q: %+v", i, c.journal(), entries[max(i, 0)].Body)
		}
	})
}

// An answer about another payment, and a word about a refund that has no sense: people are told of both again when the
// register starts within the hour.
func TestRestartTellsOfOddAnswersAgain(t *testing.T) {
	story(t, func(c *counter) {
		refunded := c.paid(200, alipayCode)
		c.bank.refunds(says(pos.RefundAbnormal, ""))
		r := c.give(refunded, 50, "k1")
		c.bank.next(func(context.Context, *account) (pos.Answer, error) {
			return pos.Answer{Event: pos.Silence, Reason: "reference_differs", Trouble: pos.TroubleReferenceDiffers}, nil
		})
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(time.Minute)
		c.status(id, "paid")
		want := []string{"odd_answer " + r.ID + " 0s", "reference_differs " + c.sale(id).Attempts[0].Reference + " 0s"}
		for _, when := range []string{"at once", "after a restart"} {
			for _, line := range want {
				if got := c.told(); !slices.Contains(got, line) {
					t.Errorf("%s people are told %q, want %q among it", when, got, line)
				}
			}
			c.restart()
		}
	})
}

// The acquirer refuses our set-up, and a manager is called for a payment. The register starts anew: he is called for as
// before, and nothing more is written.
func TestRestartWhileASetUpIsRefused(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(time.Second))
		for range 20 {
			c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { return pos.Answer{Event: pos.Silence, Misfit: true}, nil })
		}
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(10 * time.Second)
		before := c.journalOf(id)
		for _, when := range []string{"at once", "after a restart"} {
			if got := strings.Join(c.told(), ", "); !strings.Contains(got, "needs_manager "+c.sale(id).Attempts[0].Reference) {
				t.Errorf("%s people are told %q", when, got)
			}
			c.restart()
		}
		if after := c.journalOf(id); !slices.Equal(before, after) {
			t.Errorf("before %q, after %q", before, after)
		}
	}, func(c *counter) { c.bank.can.ByReference = true })
}

// What needs a manager needs one after a restart too, and a full register says so as long as it is full.
func TestRestartForgetsNoTrouble(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(time.Second))
		c.scan(c.sell(100), wechatCode)
		for i := range 2 {
			c.bank.next(c.bank.never)
			c.scan(c.sell(int64(200+i)), alipayCode[:17]+string(rune('0'+i)))
		}
		c.bank.mu.Lock()
		for range 3 { // one of them is confirmed for another amount
			c.bank.answers = append(c.bank.answers, func(a *account) (pos.Answer, error) {
				if a == nil {
					return pos.Answer{Event: pos.Absent}, nil
				}
				return pos.Answer{Event: pos.Silence, Reason: "amount_differs", Trouble: pos.TroubleAmountDiffers, Misfit: true}, nil
			})
		}
		c.bank.mu.Unlock()
		c.wait(20 * time.Second)
		codes := func() (list []string) {
			for _, t := range c.board.Standing(time.Now()) {
				list = append(list, string(t.Code)+" "+t.About)
			}
			slices.Sort(list)
			return slices.Compact(list)
		}
		before := codes()
		for _, code := range []pos.TroubleCode{pos.TroubleNeedsManager, pos.TroubleUnfinished} {
			if !slices.ContainsFunc(before, func(s string) bool { return strings.HasPrefix(s, string(code)) }) {
				t.Fatalf("told %q", before)
			}
		}
		c.bank.line(true) // nobody to ask: what is told after the restart is what the file says
		c.restart()
		if after := slices.DeleteFunc(codes(), func(s string) bool { return strings.HasPrefix(s, "acquirer_") }); !slices.Equal(slices.DeleteFunc(before, func(s string) bool { return strings.HasPrefix(s, "acquirer_") }), after) {
			t.Errorf("before %q, after %q", before, after)
		}
	}, func(c *counter) { c.limit = 3 })
}
