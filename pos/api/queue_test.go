package api_test

import (
	"fmt"
	"strings"
	"testing"

	"posd/pos"
	"posd/pos/api"
)

// An outage leaves more refunds than a screen shows. The queue and a new screen tell of the oldest and of how many more
// there are, the sums are of all of them, and the day's report names every one.
func TestLongQueue(t *testing.T) {
	const many, listed = 230, 200
	r := open(t)
	id := r.pays(5000, code)
	r.box.Refuse(true)
	var asked []string
	for i := range many {
		_, body := r.call("POST", "/v1/sales/"+id+"/refunds", map[string]any{"amount": 10, "reason": "returned", "by": "mroy"}, "Idempotency-Key", fmt.Sprint("r-", i))
		asked = append(asked, reads[api.Refund](t, body).ID)
	}
	_, body := r.call("GET", "/v1/queue", nil)
	q := reads[api.Queue](t, body)
	if len(q.Items) != listed || q.More != many-listed || q.Total["USD"] != 10*many {
		t.Fatalf("%d items, %d more, %v", len(q.Items), q.More, q.Total)
	}
	for i, item := range q.Items {
		if item.ID != asked[i] {
			t.Fatalf("item %d is not the %d. that was asked for", i, i+1)
		}
	}
	_, body = r.call("GET", "/v1/queue?limit=3", nil)
	if q := reads[api.Queue](t, body); len(q.Items) != 3 || q.Items[2].ID != asked[2] || q.More != many-3 || q.Total["USD"] != 10*many {
		t.Errorf("%s", body)
	}
	for _, limit := range []string{"0", "201", "-1", "x"} {
		if status, _ := r.call("GET", "/v1/queue?limit="+limit, nil); status != 400 {
			t.Errorf("a queue of %s: %d", limit, status)
		}
	}
	_, body = r.call("GET", "/v1/status", nil)
	if s := reads[api.Status](t, body); s.Owed != many || s.Unfinished != 0 || s.Oldest == nil {
		t.Errorf("%d owed: %s", s.Owed, body)
	}
	s := reads[api.Snapshot](t, r.listen().next().data)
	if len(s.Queue) != listed || s.More != many-listed || len(s.Sales) != 1 || s.Status.Owed != many {
		t.Errorf("a screen begins with %d items, %d more, of %d sales", len(s.Queue), s.More, len(s.Sales))
	}
	_, body = r.call("GET", "/v1/days/current", nil)
	day := reads[struct {
		NotFinal []struct {
			ID, Ticket string
			Amount     int64
			Currency   pos.Currency
		} `json:"not_final"`
	}](t, body)
	if len(day.NotFinal) != many {
		t.Fatalf("the report names %d", len(day.NotFinal))
	}
	for _, item := range day.NotFinal {
		if item.Amount != 10 || item.Currency != "USD" || !strings.Contains(strings.Join(asked, " "), item.ID) {
			t.Errorf("%+v", item)
		}
	}
}

// A refund is listed with a sale that knows none of it. Queue, screen and report tell of the others, and that there is one
// more; the report names it by the journal.
func TestAQueueThatIsListedWrong(t *testing.T) {
	r := open(t)
	id := r.pays(5000, code)
	r.box.Refuse(true)
	var asked []string
	for i := range 3 {
		_, body := r.call("POST", "/v1/sales/"+id+"/refunds", map[string]any{"amount": 10, "reason": "returned", "by": "mroy"}, "Idempotency-Key", fmt.Sprint("r-", i))
		asked = append(asked, reads[api.Refund](t, body).ID)
	}
	r.mislisted.Store(asked[1])
	status, body := r.call("GET", "/v1/queue", nil)
	if q := reads[api.Queue](t, body); status != 200 || len(q.Items) != 2 || q.More != 1 || q.Total["USD"] != 30 {
		t.Errorf("%d %s", status, body)
	}
	if s := reads[api.Snapshot](t, r.listen().next().data); len(s.Queue) != 2 || s.More != 1 {
		t.Errorf("a screen begins with %d, and %d more", len(s.Queue), s.More)
	}
	if status, body = r.call("GET", "/v1/days/current", nil); status != 200 || strings.Count(body, asked[1]) == 0 {
		t.Errorf("%d: the report does not name it: %s", status, body)
	}
}
