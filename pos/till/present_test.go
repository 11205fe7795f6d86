package till_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"posd/pos"
)

func (c *counter) present(sale string) {
	c.t.Helper()
	if _, err := c.till.Present(c.t.Context(), sale, ""); err != nil {
		c.t.Fatal(err)
	}
	c.wait(0)
}

// The shopper scans our QR: it is shown once its answer is journaled, and comes off when it is paid.
func TestQRIsPaid(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(12950)
		c.present(id)
		c.status(id, "awaiting")
		a := c.sale(id).Attempts[0]
		if p := c.standing().Prompt; p.Kind != pos.PromptQR || p.QR == "" || p.QR != a.QR || p.Until.IsZero() {
			t.Errorf("the display shows %+v", p)
		}
		c.wait(70 * time.Second) // longer than a scanned code would be waited for
		c.status(id, "awaiting")
		c.bank.confirm(a.Reference)
		c.wait(4 * time.Second)
		c.status(id, "paid")
		c.shown(pos.PromptSending, pos.PromptQR, pos.PromptPaid)
	}, func(c *counter) { c.bank.can.Pace.Patience = 120 * time.Second })
}

// Nobody scans it: the till takes it off first, then cancels at the acquirer.
func TestQRIsGivenUp(t *testing.T) {
	for name, give := range map[string]func(c *counter, id string){
		"by the till's patience": func(c *counter, _ string) { c.wait(2 * time.Minute) },
		"by the cashier": func(c *counter, id string) {
			if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
				c.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				id := c.sell(100)
				c.present(id)
				c.bank.mu.Lock()
				c.bank.cancels = append(c.bank.cancels, func(a *account) (pos.Answer, error) {
					if c.standing().Prompt.Kind == pos.PromptQR {
						t.Error("a cancel left while the QR was on the display")
					}
					return c.bank.voided(a), nil
				})
				c.bank.mu.Unlock()
				give(c, id)
				c.wait(time.Minute)
				c.status(id, "cancelled")
				c.mu.Lock()
				defer c.mu.Unlock()
				if i := slices.Index(c.prompts, pos.PromptQR); i < 0 || c.prompts[i+1] != pos.PromptChecking {
					t.Errorf("the display: %v", c.prompts)
				}
				if a := c.sale(id).Attempts[0]; a.State != pos.Voided {
					t.Errorf("the attempt is %s", a.State)
				}
			})
		})
	}
}

// A QR that never came back was never shown: nothing can have been paid, and the next try may begin.
func TestLostQRIsUnsent(t *testing.T) {
	for name, lose := range map[string]func(c *counter) func(context.Context, *account) (pos.Answer, error){
		"the reply is lost": func(*counter) func(context.Context, *account) (pos.Answer, error) { return replyLost(time.Second) },
		"the request is lost": func(c *counter) func(context.Context, *account) (pos.Answer, error) {
			return c.bank.swallowed(time.Second)
		},
		"an answer without a QR": func(*counter) func(context.Context, *account) (pos.Answer, error) { return noQR },
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(c *counter) {
				c.bank.nextQR(lose(c))
				id := c.sell(100)
				c.present(id)
				c.wait(2 * time.Second)
				c.status(id, "unsent")
				c.present(id)
				c.bank.confirm(c.sale(id).Attempts[1].Reference)
				c.wait(4 * time.Second)
				c.status(id, "paid")
			})
		})
	}
}

func noQR(_ context.Context, a *account) (pos.Answer, error) {
	return pos.Answer{Event: pos.Pend, Theirs: a.theirs}, nil
}

// Given up while the QR was on its way: it is never shown, and the account is cancelled all the same.
func TestQRThatComesAfterTheCancel(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.nextQR(c.bank.late(5 * time.Second))
		id := c.sell(100)
		c.present(id)
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(time.Minute)
		c.status(id, "cancelled")
		c.mu.Lock()
		defer c.mu.Unlock()
		if slices.Contains(c.prompts, pos.PromptQR) {
			t.Errorf("the display: %v", c.prompts)
		}
		if a := c.sale(id).Attempts[0]; a.QR != "" || !a.State.Final() {
			t.Errorf("%+v", a)
		}
	})
}

// A restart in the middle: before the answer nothing was shown; after it the QR is asked about, and shown again while it may be paid.
func TestRestartWithAQR(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.nextQR(c.bank.late(5 * time.Second))
		id := c.sell(100)
		c.present(id)
		c.restart()
		c.status(id, "unsent")
	})
	story(t, func(c *counter) {
		id := c.sell(100)
		c.present(id)
		ref := c.sale(id).Attempts[0].Reference
		c.restart()
		if k := c.standing().Prompt.Kind; k != pos.PromptQR {
			t.Errorf("the shopper who is paying sees %s", k)
		}
		c.bank.confirm(ref)
		c.wait(time.Minute)
		c.status(id, "paid")
		if !slices.Contains(c.prompts, pos.PromptPaid) {
			t.Errorf("the display never said so: %v", c.prompts)
		}
	})
}

// One thing at a time, and only what the acquirer can do.
func TestQRsThatAreRefused(t *testing.T) {
	story(t, func(c *counter) {
		id, other := c.sell(100), c.sell(200)
		c.present(id)
		_, err := c.till.Present(c.t.Context(), id, "")
		problem(t, err, pos.InFlight)
		_, err = c.till.Scan(c.t.Context(), id, scanned(wechatCode))
		problem(t, err, pos.InFlight)
		_, err = c.till.Present(c.t.Context(), other, "venmo")
		problem(t, err, pos.WrongWallet)
		if _, err := c.till.Arm(c.t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if k := c.standing().Prompt.Kind; k != pos.PromptScan {
			t.Errorf("another sale has the counter, and the display shows %s", k)
		}
	})
	story(t, func(c *counter) {
		_, err := c.till.Present(c.t.Context(), c.sell(100), "")
		problem(t, err, pos.Unsupported)
	}, func(c *counter) { c.bank.can.Presents = false })
}
