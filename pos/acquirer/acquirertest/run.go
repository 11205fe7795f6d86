// Package acquirertest is the suite that every acquirer client and every simulated acquirer pass
// together: what an answer must mean, whatever the dialect.
//
// It knows no dialect. A pair that passes may stand behind the till.
package acquirertest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"posd/pos"
)

// Bench is a client with the simulated side it talks to.
type Bench struct {
	Acquirer pos.Acquirer
	Currency pos.Currency
	Control  Control
}

// Control scripts the simulated side. Each but Refuse speaks of the next charge.
type Control interface {
	Never()       // the shopper never confirms
	Confirm()     // the shopper of the pending charge confirms now
	Decline()     // refused by the wallet
	LoseBefore()  // the request is lost
	LoseAfter()   // charged, the reply is lost
	OtherAmount() // the answer names another amount
	Garble()      // charged, the answer is nonsense

	LoseRefund(after bool) // of the next refund: the request, or after it went through the reply
	Refuse(bool)           // the line: no connection carries anything
	Requests() int
	Paid(reference string) bool // the simulated books
	Payments() int
}

// Run plays every scene on a bench of its own.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			b := open(t)
			s.play(t, &counter{Bench: b, t: t})
		})
	}
}

// counter is a bench with a till's manners.
type counter struct {
	Bench
	t    *testing.T
	mu   sync.Mutex
	made int
	left int
}

// attempt makes a charge with a fresh code.
func (c *counter) attempt(minor int64) pos.Charge {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	return pos.Charge{Code: pos.NewCode(fmt.Sprintf("13%016d", c.made)), Attempt: pos.Attempt{
		Reference: fmt.Sprintf("NYC5AV-03-261120-%04d-test", c.made), Mode: pos.ByScan, Wallet: pos.WeChat,
		Amount: pos.Amount{Minor: minor, Currency: c.Currency}, State: pos.Sent, Started: time.Now()}}
}

func (c *counter) leaving() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left++
	return nil
}

// charge charges, and keeps the id that the acquirer said.
func (c *counter) charge(minor int64) (pos.Attempt, pos.Answer, error) {
	ch := c.attempt(minor)
	ans, err := c.Acquirer.Charge(c.t.Context(), ch, c.leaving)
	ch.Theirs = ans.Theirs
	return ch.Attempt, ans, err
}

func (c *counter) want(got pos.Event, err error, want pos.Event) {
	c.t.Helper()
	if err != nil || got != want {
		c.t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func (c *counter) inquire(a pos.Attempt, want pos.Event) pos.Answer {
	c.t.Helper()
	ans, err := c.Acquirer.Inquire(c.t.Context(), a)
	c.want(ans.Event, err, want)
	return ans
}

type scene struct {
	name string
	play func(t *testing.T, c *counter)
}

var errDisk = errors.New("disk full")

var scenes = []scene{
	{"the credentials are good", func(t *testing.T, c *counter) {
		if err := c.Acquirer.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if c.Control.Payments() != 0 {
			t.Error("proving the credentials moved money")
		}
	}},
	{"paid at once", func(t *testing.T, c *counter) {
		a, ans, err := c.charge(12950)
		c.want(ans.Event, err, pos.Approve)
		if ans.Paid == nil || ans.Paid.Amount != 12950 || ans.Theirs == "" || c.left != 1 {
			t.Errorf("the answer lacks proof: %+v, left %d times", ans, c.left)
		}
		if again := c.inquire(a, pos.Approve); again.Paid == nil || again.Paid.Amount != 12950 {
			t.Errorf("the inquiry says %+v", again)
		}
		if !c.Control.Paid(a.Reference) {
			t.Error("their books do not have it")
		}
	}},
	{"nothing leaves that is not journaled", func(t *testing.T, c *counter) {
		before := c.Control.Requests()
		ans, err := c.Acquirer.Charge(t.Context(), c.attempt(100), func() error { return errDisk })
		if err == nil && ans.Event != pos.NotLeft {
			t.Errorf("got %v", ans.Event)
		}
		if c.Control.Payments() != 0 || c.Control.Requests() != before {
			t.Error("something left although leaving was refused")
		}
	}},
	{"no connection, nothing left", func(t *testing.T, c *counter) {
		c.Control.Refuse(true)
		_, ans, err := c.charge(100)
		if c.left == 0 && err == nil {
			t.Errorf("nothing left, and the answer is %v", ans.Event)
		}
		if err == nil && ans.Event != pos.NotLeft {
			t.Errorf("got %v", ans.Event)
		}
		if c.Control.Payments() != 0 {
			t.Error("a charge went through a line that is down")
		}
	}},
	{"the shopper confirms on the phone", func(t *testing.T, c *counter) {
		c.Control.Never()
		a, ans, err := c.charge(100)
		c.want(ans.Event, err, pos.Pend)
		c.inquire(a, pos.Pend)
		c.Control.Confirm()
		c.inquire(a, pos.Approve)
	}},
	{"the wallet refuses", func(t *testing.T, c *counter) {
		c.Control.Decline()
		a, ans, err := c.charge(100)
		c.want(ans.Event, err, pos.Decline)
		if ans.Reason == "" {
			t.Error("nobody learns why")
		}
		if c.Control.Paid(a.Reference) {
			t.Error("it was charged all the same")
		}
	}},
	{"a used code is refused", func(t *testing.T, c *counter) {
		first := c.attempt(100)
		if _, err := c.Acquirer.Charge(t.Context(), first, c.leaving); err != nil {
			t.Fatal(err)
		}
		second := c.attempt(100)
		second.Code = first.Code
		ans, err := c.Acquirer.Charge(t.Context(), second, c.leaving)
		c.want(ans.Event, err, pos.Decline)
		if c.Control.Payments() != 1 {
			t.Error("one code paid twice")
		}
	}},
	{"the reply is lost after the charge", func(t *testing.T, c *counter) {
		c.Control.LoseAfter()
		a, ans, err := c.charge(4200)
		if err == nil && ans.Event != pos.Silence {
			t.Errorf("a lost reply became %v", ans.Event)
		}
		found, err := c.Acquirer.Search(t.Context(), a)
		if err != nil || found.Theirs == "" {
			t.Fatalf("the search found %+v, %v", found, err)
		}
		a.Theirs = found.Theirs
		c.inquire(a, pos.Approve)
		if c.Control.Payments() != 1 {
			t.Error("the charge was repeated")
		}
	}},
	{"the request is lost before the charge", func(t *testing.T, c *counter) {
		c.Control.LoseBefore()
		a, ans, err := c.charge(100)
		if err == nil && ans.Event != pos.Silence {
			t.Errorf("a lost request became %v", ans.Event)
		}
		found, err := c.Acquirer.Search(t.Context(), a)
		c.want(found.Event, err, pos.Unfound)
	}},
	{"a search takes only what is surely ours", func(t *testing.T, c *counter) {
		a, _, err := c.charge(100)
		if err != nil {
			t.Fatal(err)
		}
		other := a
		other.Theirs, other.Amount.Minor = "", 101
		found, err := c.Acquirer.Search(t.Context(), other)
		c.want(found.Event, err, pos.Unfound)
		other.Amount.Minor, other.Reference = 100, a.Reference+"x"
		found, err = c.Acquirer.Search(t.Context(), other)
		c.want(found.Event, err, pos.Unfound)
	}},
	{"a success for another amount is doubt", func(t *testing.T, c *counter) {
		c.Control.OtherAmount()
		_, ans, err := c.charge(100)
		if err == nil && ans.Event != pos.Silence {
			t.Errorf("got %v", ans.Event)
		}
		if err == nil && ans.Trouble == "" {
			t.Error("nobody is told")
		}
	}},
	{"nonsense is doubt", func(t *testing.T, c *counter) {
		c.Control.Garble()
		_, ans, err := c.charge(100)
		if err == nil && ans.Event != pos.Silence {
			t.Errorf("got %v", ans.Event)
		}
	}},
	{"a pending payment is cancelled for good", func(t *testing.T, c *counter) {
		c.Control.Never()
		a, _, err := c.charge(100)
		if err != nil {
			t.Fatal(err)
		}
		ans, err := c.Acquirer.Cancel(t.Context(), a)
		c.want(ans.Event, err, pos.Close)
		c.Control.Confirm()
		if ans, err := c.Acquirer.Inquire(t.Context(), a); err == nil && ans.Event == pos.Approve {
			t.Error("cancelled, and paid after that")
		}
	}},
	{"a cancel that comes too late", func(t *testing.T, c *counter) {
		a, _, err := c.charge(100)
		if err != nil {
			t.Fatal(err)
		}
		ans, err := c.Acquirer.Cancel(t.Context(), a)
		c.want(ans.Event, err, pos.TooLate)
		if ans.Paid == nil || !c.Control.Paid(a.Reference) {
			t.Error("too late, and yet not paid")
		}
	}},
	{"money goes back once", func(t *testing.T, c *counter) {
		a, _, err := c.charge(1000)
		if err != nil {
			t.Fatal(err)
		}
		give := func(n int, minor int64, want pos.RefundEvent) {
			t.Helper()
			f := pos.Refund{Reference: fmt.Sprintf("refund-%d", n), Amount: pos.Amount{Minor: minor, Currency: c.Currency}}
			ans, err := c.Acquirer.Refund(t.Context(), a, f, c.leaving)
			if err != nil || ans.Event != want {
				t.Errorf("refund of %d: %v, %v; want %v", minor, ans.Event, err, want)
			}
			if want == pos.RefundDone {
				if again, err := c.Acquirer.InquireRefund(t.Context(), a, f); err != nil || again.Event != pos.RefundDone {
					t.Errorf("asked about it: %v, %v", again.Event, err)
				}
			}
		}
		give(1, 400, pos.RefundDone)
		give(2, 600, pos.RefundDone)
		give(3, 1, pos.RefundRefuse)
		ans, err := c.Acquirer.InquireRefund(t.Context(), a, pos.Refund{Reference: "refund-never", Amount: pos.Amount{Minor: 1, Currency: c.Currency}})
		if err != nil || ans.Event != pos.RefundUnfound {
			t.Errorf("a refund that never was: %v, %v", ans.Event, err)
		}
	}},
	{"a refund whose reply is lost is found", func(t *testing.T, c *counter) {
		a, _, err := c.charge(1000)
		if err != nil {
			t.Fatal(err)
		}
		for after, want := range map[bool]pos.RefundEvent{true: pos.RefundDone, false: pos.RefundUnfound} {
			c.Control.LoseRefund(after)
			f := pos.Refund{Reference: fmt.Sprint("refund-lost-", after), Amount: pos.Amount{Minor: 300, Currency: c.Currency}}
			if ans, err := c.Acquirer.Refund(t.Context(), a, f, c.leaving); err == nil && ans.Event != pos.RefundSilence {
				t.Errorf("a lost reply became %v", ans.Event)
			}
			again, err := c.Acquirer.InquireRefund(t.Context(), a, f)
			unknown := !after && again.Event == pos.RefundAbsent
			if err != nil || (again.Event != want && !unknown) {
				t.Errorf("lost after=%v: %v, %v; want %v", after, again.Event, err, want)
			}
		}
	}},
	{"a refund does not leave unjournaled", func(t *testing.T, c *counter) {
		a, _, err := c.charge(1000)
		if err != nil {
			t.Fatal(err)
		}
		before := c.Control.Requests()
		f := pos.Refund{Reference: "refund-1", Amount: pos.Amount{Minor: 300, Currency: c.Currency}}
		ans, err := c.Acquirer.Refund(t.Context(), a, f, func() error { return errDisk })
		if (err == nil && ans.Event != pos.RefundNotLeft) || c.Control.Requests() != before {
			t.Errorf("%v, %v, %d requests", ans.Event, err, c.Control.Requests()-before)
		}
	}},
	{"the shopper scans our QR", func(t *testing.T, c *counter) {
		if !c.Acquirer.Can().Presents {
			return
		}
		a := c.attempt(4200).Attempt
		a.Mode, a.Wallet = pos.Present, ""
		ans, err := c.Acquirer.Present(t.Context(), a, c.leaving)
		c.want(ans.Event, err, pos.Pend)
		if ans.QR == "" || ans.Theirs == "" || c.left != 1 {
			t.Fatalf("%+v, left %d times", ans, c.left)
		}
		a.Theirs = ans.Theirs
		c.inquire(a, pos.Pend)
		c.Control.Confirm()
		if paid := c.inquire(a, pos.Approve); paid.Paid == nil || paid.Paid.Amount != 4200 {
			t.Errorf("%+v", paid)
		}
	}},
	{"a QR that nobody scans is closed", func(t *testing.T, c *counter) {
		if !c.Acquirer.Can().Presents {
			return
		}
		a := c.attempt(4200).Attempt
		a.Mode, a.Wallet = pos.Present, ""
		ans, err := c.Acquirer.Present(t.Context(), a, c.leaving)
		c.want(ans.Event, err, pos.Pend)
		a.Theirs = ans.Theirs
		closed, err := c.Acquirer.Cancel(t.Context(), a)
		c.want(closed.Event, err, pos.Close)
	}},
	{"two counters at once", func(t *testing.T, c *counter) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, ans, err := c.charge(100); err != nil || ans.Event != pos.Approve {
					t.Errorf("%v, %v", ans.Event, err)
				}
			})
		}
		all.Wait()
		if c.Control.Payments() != 8 || c.left != 8 {
			t.Errorf("%d payments, %d left", c.Control.Payments(), c.left)
		}
	}},
}
