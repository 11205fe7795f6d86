package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// refund is what the API says of money on its way back, as far as the tests look at it.
type refund struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	Amount       int64  `json:"amount"`
	NeedsManager bool   `json:"needs_manager"`
}

// gives asks for a refund.
func (r *register) gives(t *testing.T, s sale, amount int64, key string) (f refund) {
	t.Helper()
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/refunds", role: "cashier", key: key,
		body: map[string]any{"amount": amount, "reason": "returned", "by": "mroy"}}, &f)
	return f
}

// stands waits until the refund has the status.
func (r *register) stands(t *testing.T, f refund, status string, within time.Duration) {
	t.Helper()
	eventually(t, within, "refund is "+status, func() bool {
		r.get(t, "/v1/refunds/"+f.ID, &f)
		return f.Status == status
	})
}

// meets scripts what the next refund meets at the acquirer.
func (b *boutique) meets(t *testing.T, do string) {
	t.Helper()
	at, err := url.Parse(b.Acquirer)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"call":"refund","do":%q,"for":"100ms"}`, do)
	answer, err := http.Post("http://"+at.Host+"/control/script", "application/json", strings.NewReader(body))
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
}

func (r *register) pays(t *testing.T, b *boutique, amount int64, ticket string) sale {
	t.Helper()
	s := r.open(t, amount, ticket)
	r.scan(t, b, s, wechat())
	return r.becomes(t, s.ID, "paid", soon)
}

// A day at the counter: sales, money given back in parts, an answer that is lost, a refund while the line is
// down, the plug pulled in between; then the manager closes, and the Z says what the acquirer's books say.
func TestRefundsAndTheZ(t *testing.T) {
	r, b := counter(t)
	first, second, third := r.pays(t, b, 12950, "A-1"), r.pays(t, b, 5000, "A-2"), r.pays(t, b, 8000, "A-3")
	r.stands(t, r.gives(t, first, 2950, "r-1"), "refunded", soon)
	agree(t, r, b, 3, 25950)

	b.meets(t, "lost-after")
	r.stands(t, r.gives(t, first, 10000, "r-2"), "refunded", time.Minute) // found in the acquirer's history
	agree(t, r, b, 3, 25950)

	b.do(t, "line down")
	waits := r.gives(t, second, 5000, "r-3")
	r.kill(t)
	r.start(t)
	r.stands(t, waits, "requested", soon)
	b.do(t, "line up")
	r.stands(t, waits, "refunded", time.Minute)
	agree(t, r, b, 3, 25950)

	b.meets(t, "lost-before")
	lost := r.gives(t, third, 1000, "r-4")
	eventually(t, time.Minute, "the lost refund needs a manager", func() bool {
		r.get(t, "/v1/refunds/"+lost.ID, &lost)
		return lost.NeedsManager
	})

	var z struct {
		Day string
		Z   *int
		Net []struct {
			Amount   int64
			Currency string
		}
		NotFinal   []struct{ ID string } `json:"not_final"`
		CarriedOut []string              `json:"carried_out"`
	}
	r.post(t, http.StatusCreated, request{path: "/v1/days/current/close", key: "z-1", body: map[string]any{"by": "jdoe", "note": "one item open"}}, &z)
	_, taken, returned := b.paid(t)
	if z.Z == nil || *z.Z != 1 || len(z.Net) != 1 || z.Net[0].Amount != taken-returned {
		t.Errorf("the Z says %+v; the acquirer took %d and gave %d", z, taken, returned)
	}
	if len(z.CarriedOut) != 1 || z.CarriedOut[0] != lost.ID || len(z.NotFinal) != 1 {
		t.Errorf("carried out: %v, not final: %v", z.CarriedOut, z.NotFinal)
	}
	var closed json.RawMessage
	r.get(t, "/v1/days/"+z.Day, &closed)
	r.post(t, http.StatusOK, request{path: "/v1/refunds/" + lost.ID + "/ruling", body: map[string]any{"done": false, "why": "not on the portal", "by": "jdoe"}}, &lost)
	if lost.Status != "ruled_refused" {
		t.Errorf("%+v", lost)
	}
	r.stands(t, r.gives(t, third, 8000, "r-5"), "refunded", soon)
	var again, next json.RawMessage
	r.get(t, "/v1/days/"+z.Day, &again)
	r.get(t, "/v1/days/current", &next)
	if string(again) != string(closed) || !strings.Contains(string(next), `"carried_in":["`+lost.ID) {
		t.Errorf("the closed day or the next one is wrong:\n%s\n%s", again, next)
	}
	r.verifies(t)
}

// The shopper scans the QR off a real panel's pixels: shown once it is journaled, paid, and off the glass.
func TestQRPaid(t *testing.T) {
	b := openBoutique(t, "--display", "nextion")
	r := openRegisterWith(t, b, "nextion")
	events := r.events(t, "")
	r.devicesReady(t)
	s := r.open(t, 4200, "A-1")
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/present", role: "cashier", body: map[string]any{}}, nil)
	r.becomes(t, s.ID, "awaiting", soon)
	eventually(t, soon, "the QR is on the panel", func() bool { return strings.Contains(b.shows(t), "[QR]") })
	b.scansQR(t)
	r.becomes(t, s.ID, "paid", soon)
	eventually(t, soon, "the QR is off the panel", func() bool { return !strings.Contains(b.shows(t), "[QR]") && strings.Contains(b.shows(t), "42.00") })
	told(t, events, s.ID, "open", "awaiting", "paid")
	if shown := b.shows(t); strings.Contains(shown, "refused") {
		t.Errorf("the panel refused what it was sent: %s", shown)
	}
	agree(t, r, b, 1, 4200)
}

// The cable of the panel is pulled while it shows a QR, and the panel restarts: it shows the QR again. Then
// the cashier gives up: the QR is off, and nothing was taken.
func TestQROnAPanelThatRestarts(t *testing.T) {
	b := openBoutique(t, "--display", "nextion")
	r := openRegisterWith(t, b, "nextion")
	r.devicesReady(t)
	s := r.open(t, 4200, "A-1")
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/present", role: "cashier", body: map[string]any{}}, nil)
	r.becomes(t, s.ID, "awaiting", soon)
	eventually(t, soon, "the QR is on the panel", func() bool { return strings.Contains(b.shows(t), "[QR]") })
	b.do(t, "pull display")
	b.do(t, "plug display")
	eventually(t, soon, "the QR is on the panel again", func() bool { return strings.Contains(b.shows(t), "[QR]") })
	b.do(t, "power")
	eventually(t, soon, "the QR is on the restarted panel", func() bool { return strings.Contains(b.shows(t), "[QR]") })
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/cancel", role: "cashier", body: map[string]any{"by": "mroy"}}, nil)
	eventually(t, soon, "the QR is off the panel", func() bool { return !strings.Contains(b.shows(t), "[QR]") })
	r.becomes(t, s.ID, "cancelled", time.Minute)
	agree(t, r, b, 0, 0)
}

// The plug is pulled while the QR is on the display: it comes back as a question, and the money is found.
func TestQRKilledThenPaid(t *testing.T) {
	r, b := counter(t)
	r.devicesReady(t)
	s := r.open(t, 4200, "A-1")
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/present", role: "cashier", body: map[string]any{}}, nil)
	r.becomes(t, s.ID, "awaiting", soon)
	r.kill(t)
	b.do(t, "shopper confirm")
	r.start(t)
	r.becomes(t, s.ID, "paid", time.Minute)
	agree(t, r, b, 1, 4200)
}
