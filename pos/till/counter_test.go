package till_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// over is the reader that begins anew when it is at its end.
type over struct{ text []byte }

func (o *over) Read(b []byte) (int, error) {
	n := copy(b, o.text)
	o.text = append(o.text[n:], o.text[:n]...)
	return n, nil
}

var _ io.Reader = (*over)(nil)

// The letters of an id are drawn evenly: what would favour the first ones is thrown away.
func TestLettersAreDrawnEvenly(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		if got := c.sale(id).Attempts[0].Reference; got != "NYC5AV-03-991231-0001-zzzz" { // 247 is four alphabets, less one
			t.Errorf("the reference is %s", got)
		}
		if random := id[len(id)-16:]; strings.Count(random, "R") != 8 || strings.Count(random, "Q") != 8 { // all 256 are eight alphabets
			t.Errorf("the sale is %s", id)
		}
	}, func(c *counter) { c.rand = &over{bytes.Repeat([]byte{248, 247}, 4)} })
}

// The scanner is armed just before the day is over. The code that comes behind the cut-off is paid, under the date of
// the day that it opens.
func TestScanBehindTheCutoff(t *testing.T) {
	story(t, func(c *counter) {
		c.wait(4*time.Hour - time.Minute)
		id := c.sell(100)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.wait(90 * time.Second)
		c.till.Scanned(scanned(wechatCode))
		c.wait(0)
		c.status(id, "paid")
		if a := c.sale(id).Attempts; len(a) != 1 || !strings.HasPrefix(a[0].Reference, "NYC5AV-03-000101-0001-") {
			t.Errorf("%+v", a)
		}
	})
}

// Nobody shows a code: the scanner is let go of, and the display is idle again.
func TestArmedForNobody(t *testing.T) {
	story(t, func(c *counter) {
		if _, err := c.till.Arm(c.t.Context(), c.sell(100)); err != nil {
			t.Fatal(err)
		}
		c.wait(119 * time.Second)
		c.shown(pos.PromptScan)
		c.wait(2 * time.Second)
		c.shown(pos.PromptScan, pos.PromptIdle)
	})
}

// A second code for a sale that is being paid is refused, and the refusal says whether the first one has left.
func TestSecondCode(t *testing.T) {
	for _, sent := range []bool{false, true} {
		story(t, func(c *counter) {
			if c.bank.next(c.bank.never); !sent {
				c.bank.dials = 20 * time.Second
			}
			id := c.sell(100)
			c.scan(id, wechatCode)
			_, err := c.till.Scan(c.t.Context(), id, scanned(alipayCode))
			problem(t, err, pos.InFlight)
			var refused *pos.Error
			if errors.As(err, &refused); refused == nil || refused.Sent != sent {
				t.Errorf("has left %v: %+v", sent, refused)
			}
		}, func(c *counter) { c.hold = 25 * time.Second })
	}
}

// A QR is asked for while the line is gone for a moment: it is asked for again by itself.
func TestQRWaitsForTheLine(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.line(true)
		id := c.sell(100)
		if _, err := c.till.Present(c.t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
		c.wait(5 * time.Second)
		c.status(id, "held")
		c.bank.line(false)
		c.wait(3 * time.Second)
		c.status(id, "awaiting")
	}, func(c *counter) { c.hold = 25 * time.Second })
}

// The scanner waits for one sale: no QR is made for another one, but for this one it is.
func TestQRWhileTheScannerIsArmed(t *testing.T) {
	story(t, func(c *counter) {
		armed, other := c.sell(100), c.sell(200)
		if _, err := c.till.Arm(c.t.Context(), armed); err != nil {
			t.Fatal(err)
		}
		_, err := c.till.Present(c.t.Context(), other, "")
		problem(t, err, pos.ScannerBusy)
		if _, err := c.till.Present(c.t.Context(), armed, ""); err != nil {
			t.Error(err)
		}
	})
}

// last is what the customer display shows.
func (c *counter) last() pos.PromptKind {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.prompts[len(c.prompts)-1]
}

// A sale is given up while its QR is on the display: nobody can scan it any more, however long the disk takes to
// write that down. The QR of another sale stays.
func TestQRIsCoveredFirst(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		before := c.sell(100)
		c.scan(before, alipayCode)
		c.wait(30 * time.Second)
		id := c.sell(200)
		if _, err := c.till.Present(c.t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
		c.wait(35 * time.Second)
		if got := c.last(); got != pos.PromptQR || !slices.Contains(c.journalOf(before), string(pos.KindOf(pos.GiveUp))) {
			t.Errorf("another sale was given up, and the display shows %s", got)
		}
		c.file.mu.Lock()
		c.file.slow = 5 * time.Second
		c.file.mu.Unlock()
		done := make(chan error, 1)
		go func() {
			_, err := c.till.Cancel(c.t.Context(), id, "mroy")
			done <- err
		}()
		c.wait(time.Second)
		c.mu.Lock()
		listens := c.screen
		c.mu.Unlock()
		if got := c.last(); got != pos.PromptChecking || listens != pos.PromptChecking {
			t.Errorf("while it is written down the display shows %s, and a screen that listens %s", got, listens)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A cashier gives up while the code waits for the line, or while the connection is being opened: nothing has left,
// nothing will, and nothing is unfinished.
func TestGivenUpBeforeAnythingLeft(t *testing.T) {
	for _, dials := range []time.Duration{0, 20 * time.Second} {
		story(t, func(c *counter) {
			c.bank.line(dials == 0)
			c.bank.dials = dials
			id := c.sell(100)
			c.scan(id, wechatCode)
			c.status(id, "held")
			if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
				t.Fatal(err)
			}
			c.status(id, "cancelled")
			if n := c.standing().Unfinished; n != 0 {
				t.Errorf("%d are unfinished", n)
			}
			c.bank.line(false)
			c.wait(time.Minute)
			if len(c.bank.books) != 0 {
				t.Error("a charge left")
			}
		}, func(c *counter) { c.hold = 25 * time.Second })
	}
}

// What the acquirer says of a refund that is under way is written down as far as it is new: its id, once, and that
// something about the answer is odd. The row says which wallet it is about.
func TestWhatARefundLearns(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		word := func(theirs string, trouble pos.TroubleCode) func(pos.Refund) (pos.RefundAnswer, error) {
			return func(pos.Refund) (pos.RefundAnswer, error) {
				return pos.RefundAnswer{Event: pos.RefundAccept, Theirs: theirs, Trouble: trouble}, nil
			}
		}
		c.bank.refunds(word("", ""))
		c.bank.lookups = append(c.bank.lookups, word("", ""), gone, gone, word("R1", pos.TroubleAmountDiffers), word("R1", ""), word("", ""))
		r := c.give(id, 30, "k1")
		misses := 0
		for range 600 {
			c.wait(time.Second)
			misses = max(misses, c.standing().Outlooks[r.Reference].Misses)
		}
		c.wait(6 * time.Hour)
		want := []string{"refund.requested", "refund.leave", "refund.accept", "refund.accept"}
		got := c.journalOf(id)[4:]
		got = slices.DeleteFunc(got, func(kind string) bool { return kind == "refund.unfound" || kind == "refund.silence" })
		if s := c.sale(id).Refunds[0]; s.Theirs != "R1" || misses != 2 || !slices.Equal(got, want) {
			t.Errorf("its id is %q, %d in a row were missed, and the journal says %q", s.Theirs, misses, got)
		}
		c.troubled(pos.TroubleAmountDiffers, true)
		c.troubled("", false)
		entries, err := c.file.Entries(c.t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == pos.KindOfRefund(pos.RefundAccept) && (e.Body.Wallet != pos.WeChat || e.Body.Amount != 30) {
				t.Errorf("the row says %+v", e.Body)
			}
		}
	})
}

// A sale whose code waits for the line may not be settled in cash: the code would be sent after it. Another one may.
func TestSettleBesideAHeldCode(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.line(true)
		held, other := c.sell(100), c.sell(200)
		c.scan(held, wechatCode)
		_, err := c.till.Settle(c.t.Context(), held, "cash", "mroy")
		problem(t, err, pos.InFlight)
		if _, err := c.till.Settle(c.t.Context(), other, "cash", "mroy"); err != nil {
			t.Error(err)
		}
	}, func(c *counter) { c.hold = 25 * time.Second })
}

// A refund was written down as done although the commit seemed to fail: said once more it is no odd answer.
func TestRefundThatWasWrittenAllTheSame(t *testing.T) {
	story(t, func(c *counter) {
		id := c.paid(100, wechatCode)
		c.file.mu.Lock()
		c.file.fail = []fault{{pos.KindOfRefund(pos.RefundDone), true}}
		c.file.mu.Unlock()
		r := c.give(id, 30, "k1")
		c.wait(time.Minute)
		c.stands(r.ID, pos.Refunded)
		c.troubled(pos.TroubleOddAnswer, false)
		if kinds := c.journalOf(id); slices.Contains(kinds, string(pos.RefundOdd)) {
			t.Errorf("the journal says %q", kinds)
		}
	})
}

// A refund whose answer was lost is looked up at once; one that the acquirer has taken on is asked about when there may
// be news.
func TestWhenARefundIsAskedAbout(t *testing.T) {
	for _, lost := range []bool{true, false} {
		story(t, func(c *counter) {
			id := c.paid(100, wechatCode)
			if c.bank.refunds(says(pos.RefundAccept, "")); lost {
				c.bank.gives[0] = gone
			}
			c.give(id, 30, "k1")
			if asked := slices.Contains(c.bank.said(), "inquire-refund"); asked != lost {
				t.Errorf("lost %v: asked at once %v", lost, asked)
			}
			c.wait(31 * time.Second)
			if !slices.Contains(c.bank.said(), "inquire-refund") {
				t.Errorf("lost %v: not asked about in half a minute", lost)
			}
		})
	}
}

// A cashier gives up on a shopper who is at the phone: the display says so before the acquirer has answered, and where
// it cannot be written down the cashier hears that.
func TestGivingUpIsShownAtOnce(t *testing.T) {
	for _, failing := range []bool{false, true} {
		story(t, func(c *counter) {
			c.bank.next(c.bank.never)
			c.bank.cancels = append(c.bank.cancels, func(a *account) (pos.Answer, error) { time.Sleep(10 * time.Second); return c.bank.voided(a), nil })
			id := c.sell(100)
			c.scan(id, alipayCode)
			if failing {
				c.file.mu.Lock()
				c.file.fail = []fault{{pos.SaleGivenUp, false}}
				c.file.mu.Unlock()
			}
			_, err := c.till.Cancel(c.t.Context(), id, "mroy")
			if failing {
				problem(t, err, pos.StorageFailed)
				return
			}
			c.wait(time.Second)
			if got := c.last(); err != nil || got != pos.PromptChecking {
				t.Errorf("the display shows %s, %v", got, err)
			}
		})
	}
}

// What a screen says of the line and of the scanner: whether wallets are taken, and until when a code is waited for.
func TestWhatAScreenSays(t *testing.T) {
	story(t, func(c *counter) {
		takes := func(want string) {
			t.Helper()
			if s := c.standing(); s.Take[pos.WeChat] != want || s.Take[pos.Alipay] != want {
				t.Errorf("takes %v, want %s; the line is %+v", s.Take, want, s.Connection)
			}
		}
		c.paid(100, wechatCode)
		takes(pos.TakeYes)
		c.bank.next(func(context.Context, *account) (pos.Answer, error) { return pos.Answer{}, errCut })
		id := c.sell(200)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if s := c.standing(); s.Armed != id || !s.ArmedUntil.Equal(time.Now().Add(120*time.Second)) {
			t.Errorf("armed for %s until %s", s.Armed, s.ArmedUntil)
		}
		c.bank.mu.Lock()
		c.bank.answers = append(c.bank.answers, func(*account) (pos.Answer, error) { time.Sleep(time.Minute); return pos.Answer{}, errCut })
		c.bank.mu.Unlock()
		c.till.Scanned(scanned(alipayCode))
		c.wait(0)
		takes(pos.TakeUnknown)
		s := c.standing()
		if s.Connection.Reason != "timeout" || !s.ArmedUntil.IsZero() {
			t.Errorf("the line is %+v, armed until %s", s.Connection, s.ArmedUntil)
		}
		c.bank.line(true)
		c.wait(2 * time.Minute)
		takes(pos.TakeNo)
		held := c.sell(300)
		c.scan(held, "134567890123456780")
		o := c.standing().Outlooks[c.sale(held).Attempts[0].Reference]
		if !o.Deadline.Equal(time.Now().Add(25 * time.Second)) {
			t.Errorf("the code is held until %s", o.Deadline)
		}
		if p := c.standing().Prompt; p.Kind != pos.PromptHolding || !p.Until.Equal(o.Deadline) || p.Seconds != 25 {
			t.Errorf("the display shows %s for %d s, until %s", p.Kind, p.Seconds, p.Until)
		}
	}, func(c *counter) { c.hold = 25 * time.Second })
}
