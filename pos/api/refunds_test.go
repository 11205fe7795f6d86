package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"posd/pos/api"
)

// pays takes one sale to its end and gives back its id.
func (r *register) pays(minor int64, code string) string {
	r.t.Helper()
	e := r.listen()
	defer e.body.Close()
	id := r.sell(minor, "sale-"+code)
	if status, body := r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code}); status != 202 {
		r.t.Fatalf("%d %s", status, body)
	}
	e.until(func(h heard) bool { return saleIs("paid")(h) && strings.Contains(h.data, id) })
	return id
}

func reads[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// A refund is asked once, heard as it goes, and counted: in the sale, in the queue, in the day.
func TestRefundOverTheAPI(t *testing.T) {
	r := open(t)
	id := r.pays(12950, code)
	e := r.listen()
	ask := map[string]any{"amount": 2950, "reason": "returned", "by": "mroy"}
	if status, _ := r.call("POST", "/v1/sales/"+id+"/refunds", ask); status != 400 {
		t.Errorf("without a key: %d", status)
	}
	status, body := r.call("POST", "/v1/sales/"+id+"/refunds", ask, "Idempotency-Key", "r-1")
	first := reads[api.Refund](t, body)
	if status != 202 || first.Status != "requested" || first.Amount != 2950 || first.Sale != id || first.Say == "" {
		t.Fatalf("%d %s", status, body)
	}
	done := e.until(func(h heard) bool { return h.kind == "refund" && strings.Contains(h.data, `"status":"refunded"`) })
	if f := reads[api.Refund](t, done.data); f.ID != first.ID || f.AcquirerID == "" {
		t.Errorf("%+v", f)
	}
	sale := reads[api.Sale](t, e.until(func(h heard) bool { return h.kind == "sale" }).data)
	if sale.Status != "paid" || sale.Refunded != 2950 || sale.Refundable != 10000 || len(sale.Refunds) != 1 {
		t.Errorf("%+v", sale)
	}
	if status, again := r.call("POST", "/v1/sales/"+id+"/refunds", ask, "Idempotency-Key", "r-1"); status != 202 || reads[api.Refund](t, again).ID != first.ID {
		t.Errorf("the same key: %d %s", status, again)
	}
	for path, c := range map[string]struct {
		body map[string]any
		want string
	}{
		"/v1/sales/" + id + "/refunds":             {map[string]any{"amount": 10001, "reason": "x", "by": "m"}, "over_refund"},
		"/v1/sales/s_none/refunds":                 {map[string]any{"amount": 1, "reason": "x", "by": "m"}, "not_found"},
		"/v1/refunds/" + first.ID + "/cancel":      {map[string]any{"by": "m"}, "refund_not_possible"},
		"/v1/refunds/" + first.ID + "/ruling":      {map[string]any{"done": true, "why": "x", "by": "m"}, "ruling_not_open"},
		"/v1/refunds/" + first.ID + "/ruling?none": {map[string]any{"why": "x", "by": "m"}, "bad_request"},
		"/v1/refunds/r_none/cancel":                {map[string]any{"by": "m"}, "not_found"},
	} {
		_, body := r.call("POST", strings.TrimSuffix(path, "?none"), c.body, "Idempotency-Key", path[4:20])
		if p := reads[api.Problem](t, body); p.Type != c.want || p.Say == "" {
			t.Errorf("%s: %s, want %s", path, p.Type, c.want)
		}
	}
	if status, body := r.call("GET", "/v1/refunds/"+first.ID, nil); status != 200 || reads[api.Refund](t, body).Status != "refunded" {
		t.Errorf("%d %s", status, body)
	}
	if _, text := r.call("GET", "/v1/days/current?format=text", nil); !strings.Contains(text, "100.00") {
		t.Errorf("the day nets something else:\n%s", text)
	}
	if records := r.box.Ledger(); len(records) != 2 || records[0].Refunded != 2950 {
		t.Errorf("their books: %+v", records)
	}
}

// What is not done stands in the queue, by amount and by whose move it is.
func TestRefundInTheQueue(t *testing.T) {
	r := open(t)
	id := r.pays(5000, code)
	r.box.Refuse(true)
	_, body := r.call("POST", "/v1/sales/"+id+"/refunds", map[string]any{"amount": 5000, "reason": "returned", "by": "mroy"}, "Idempotency-Key", "r-1")
	f := reads[api.Refund](t, body)
	_, body = r.call("GET", "/v1/queue", nil)
	q := reads[api.Queue](t, body)
	if len(q.Items) != 1 || q.Items[0].Kind != "refund" || q.Items[0].ID != f.ID || q.Items[0].Amount != 5000 || q.Items[0].Who == "" || q.Total["USD"] != 5000 {
		t.Errorf("%s", body)
	}
}

// A QR is asked for, stands in the sale while it is shown, and is paid by the shopper.
func TestQROverTheAPI(t *testing.T) {
	r := open(t)
	e := r.listen()
	if _, body := r.call("GET", "/v1/status", nil); !reads[api.Status](t, body).Presents {
		t.Error("the status does not say that QRs can be shown")
	}
	id := r.sell(4200, "k-1")
	if status, body := r.call("POST", "/v1/sales/"+id+"/present", nil); status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	shown := reads[api.Sale](t, e.until(func(h heard) bool { return saleIs("awaiting")(h) && strings.Contains(h.data, `"deadline":"`) }).data)
	if a := shown.Attempts[0]; a.Mode != "present" || !strings.HasPrefix(a.QR, "https://") || a.Code != "" {
		t.Errorf("%+v", a)
	}
	if !r.box.Shopper(true) {
		t.Fatal("no QR is waiting at the acquirer's")
	}
	paid := reads[api.Sale](t, e.until(saleIs("paid")).data)
	if a := paid.Attempts[0]; a.QR != "" || a.Paid == nil || a.Paid.Amount != 4200 {
		t.Errorf("%+v", a)
	}
	if status, body := r.call("POST", "/v1/sales/"+id+"/present", map[string]string{"wallet": "venmo"}); status != 409 {
		t.Errorf("%d %s", status, body)
	}
}

// The day is closed by hand: the answer is the Z; the same key is the same Z; nothing is open after it.
func TestCloseOverTheAPI(t *testing.T) {
	r := open(t)
	r.pays(12950, code)
	e := r.listen()
	ask := map[string]any{"by": "mroy", "note": "all well"}
	if status, _ := r.call("POST", "/v1/days/current/close", ask); status != 400 {
		t.Errorf("without a key: %d", status)
	}
	status, body := r.call("POST", "/v1/days/current/close", ask, "Idempotency-Key", "c-1")
	z := reads[struct {
		Day, By, Note string
		Z             *int
		Net           []struct{ Minor int64 }
	}](t, body)
	if status != 201 || z.Z == nil || *z.Z != 1 || z.By != "mroy" || z.Note != "all well" || !strings.Contains(body, "12950") {
		t.Fatalf("%d %s", status, body)
	}
	e.until(func(h heard) bool { return h.kind == "day" && strings.Contains(h.data, `"z":1`) })
	if status, again := r.call("POST", "/v1/days/current/close", ask, "Idempotency-Key", "c-1"); status != 201 || again != body {
		t.Errorf("%d %s", status, again)
	}
	if _, body := r.call("POST", "/v1/days/current/close", ask, "Idempotency-Key", "c-2"); reads[api.Problem](t, body).Type != "day_not_closable" {
		t.Errorf("%s", body)
	}
	if _, text := r.call("GET", "/v1/days/"+z.Day+"?format=text", nil); !strings.Contains(text, "129.50") {
		t.Errorf("the Z as text:\n%s", text)
	}
}

// A listener that is cut off between the two events of one entry hears both again, and one that saw no
// event yet resumes from where it joined.
func TestStreamSkipsNothing(t *testing.T) {
	r := open(t)
	e := r.listen()
	e.next() // the snapshot
	r.sell(100, "k-1")
	e.until(saleIs("open"))
	joined := e.last
	if joined == "" {
		t.Fatal("a stream does not say from where it goes on")
	}
	_ = e.body.Close()
	back := r.listen("Last-Event-ID", joined)
	back.until(saleIs("open"))
	id := r.sell(200, "k-2")
	r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code})
	attempt := back.until(func(h heard) bool { return h.kind == "attempt" })
	if attempt.id != "" {
		t.Errorf("an attempt carries the number %s of the entry whose sale is still to come", attempt.id)
	}
	if h := back.until(saleIs("paid")); h.id == "" {
		t.Error(fmt.Sprint("the last event of an entry has no number: ", h))
	}
}
