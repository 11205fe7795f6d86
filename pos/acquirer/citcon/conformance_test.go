package citcon_test

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/acquirer/acquirertest"
	"posd/pos/acquirer/citcon"
	"posd/pos/acquirer/sandbox"
)

const token = "0A1B2C3D"

// box is the sandbox in the suite's words.
type box struct{ *sandbox.Sandbox }

func (b box) Never()       { b.Script(sandbox.Step{Do: sandbox.Never}) }
func (b box) Confirm()     { b.Shopper(true) }
func (b box) Decline()     { b.Script(sandbox.Step{Do: sandbox.Decline}) }
func (b box) LoseBefore()  { b.Script(sandbox.Step{Do: sandbox.LostBefore}) }
func (b box) LoseAfter()   { b.Script(sandbox.Step{Do: sandbox.LostAfter}) }
func (b box) OtherAmount() { b.Script(sandbox.Step{Do: sandbox.WrongAmount}) }
func (b box) Garble()      { b.Script(sandbox.Step{Do: sandbox.Garbage}) }

func (b box) LoseRefund(after bool) {
	step := sandbox.Step{Do: sandbox.LostBefore}
	if after {
		step.Do = sandbox.LostAfter
	}
	b.ScriptRefunds(step)
}

func (b box) Payments() (n int) {
	for _, r := range b.Ledger() {
		if r.Original == "" {
			n++
		}
	}
	return n
}

func (b box) Paid(reference string) bool {
	for _, r := range b.Ledger() {
		if r.Reference == reference && r.State == sandbox.Paid {
			return true
		}
	}
	return false
}

// The client and the simulated side agree on every scene, over real connections.
func TestConformance(t *testing.T) {
	for _, bom := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "with a byte-order mark"}[bom], func(t *testing.T) {
			acquirertest.Run(t, func(t *testing.T) acquirertest.Bench {
				s := sandbox.New(sandbox.Options{Token: token, Currency: "USD", BOM: bom})
				web := httptest.NewTLSServer(s)
				t.Cleanup(web.Close)
				return acquirertest.Bench{Acquirer: client(t, web), Currency: "USD", Control: box{s}}
			})
		})
	}
}

func client(t *testing.T, web *httptest.Server) *citcon.Client {
	t.Helper()
	o := citcon.Options{URL: web.URL + "/posp/rest/", Token: func() (string, error) { return token, nil }, Zone: time.UTC, Currency: "USD"}
	if web.Certificate() != nil {
		o.Roots = roots(web)
	}
	c, err := citcon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Both sides live in one bubble of simulated time: 45 s without an answer pass at once.
func TestNoAnswerToACharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Options{Token: token, Currency: "USD"})
		dial, stop := sandbox.Pipe(s)
		defer stop()
		c, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD", Dial: dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s.Script(sandbox.Step{Do: sandbox.LostAfter, For: time.Minute})
		began := time.Now()
		left := 0
		ans, err := c.Charge(t.Context(), charge(100), func() error { left++; return nil })
		if err == nil || ans.Event != 0 || left != 1 {
			t.Errorf("%+v, %v, left %d times", ans, err, left)
		}
		if took := time.Since(began); took != 45*time.Second || ans.Reason != "timeout" {
			t.Errorf("gave up after %s for reason %q", took, ans.Reason)
		}
	})
}

func charge(minor int64) pos.Charge {
	return pos.Charge{Code: pos.NewCode("134567890123456789"), Attempt: pos.Attempt{Reference: "NYC5AV-03-261120-0001-abcd", Mode: pos.ByScan,
		Wallet: pos.WeChat, Amount: pos.Amount{Minor: minor, Currency: "USD"}, Started: time.Now()}}
}
