package api_test

import (
	"strings"
	"testing"

	"posd/pos/acquirer/sandbox"
	"posd/pos/api"
	"posd/pos/report"
)

// A shopper pays in cash while the phone still asks, and then confirms on the phone too. Everywhere a person looks
// the money stands as a manager's: with the sale, in the queue, among the troubles, in the day; after a restart
// too, and until a refund has been asked for by name.
func TestOrphanOverTheAPI(t *testing.T) {
	dir := t.TempDir()
	var id, reference string
	t.Run("it comes", func(t *testing.T) {
		r := openIn(t, dir)
		id, reference = r.paysTwice()
		r.tellsOfAnOrphan(id, reference, true)
	})
	t.Run("after a restart", func(t *testing.T) {
		openIn(t, dir).tellsOfAnOrphan(id, reference, true)
	})
	t.Run("a manager confirms", func(t *testing.T) {
		r := open(t)
		id, reference := r.paysTwice()
		if status, body := r.call("POST", "/v1/sales/"+id+"/refunds", map[string]any{"amount": 12950, "reason": "paid in cash too", "by": "jdoe"}, "Idempotency-Key", "r-1"); status != 202 {
			t.Errorf("%d %s", status, body)
		}
		r.tellsOfAnOrphan(id, reference, false)
	})
}

// paysTwice settles a sale in cash that the shopper's phone still asks about, and then confirms on the phone.
func (r *register) paysTwice() (id, reference string) {
	r.t.Helper()
	r.box.Script(sandbox.Step{Do: sandbox.Never})
	e := r.listen()
	id = r.sell(12950, "k-1")
	r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code})
	waiting := reads[api.Sale](r.t, e.until(saleIs("awaiting")).data)
	reference = waiting.Attempts[0].Reference
	if status, body := r.call("POST", "/v1/sales/"+id+"/settle", map[string]string{"tender": "cash", "by": "mroy"}); status != 200 {
		r.t.Fatal(status, body)
	}
	r.box.Decide(waiting.Attempts[0].AcquirerID, true)
	r.call("POST", "/v1/queue/sync", map[string]string{})
	sale := reads[api.Sale](r.t, e.until(func(h heard) bool { return h.kind == "sale" && strings.Contains(h.data, `"orphan":true`) }).data)
	if sale.Status != "settled" || len(sale.Orphans) != 1 || sale.Orphans[0].Reference != reference || sale.Orphans[0].Proposed != 12950 ||
		sale.Orphans[0].Due == nil || sale.Orphans[0].Why != "settled" || sale.Orphans[0].Say == "" {
		r.t.Errorf("%+v", sale.Orphans)
	}
	return id, reference
}

// tellsOfAnOrphan looks everywhere that a person does.
func (r *register) tellsOfAnOrphan(id, reference string, want bool) {
	r.t.Helper()
	_, queue := r.call("GET", "/v1/queue", nil)
	found := false
	for _, i := range reads[api.Queue](r.t, queue).Items {
		found = found || (i.Kind == report.ItemOrphan && i.ID == reference && i.Sale == id && i.Who == "manager" && i.Amount == 12950 && i.Due != nil)
	}
	_, status := r.call("GET", "/v1/status", nil)
	told := false
	for _, t := range reads[api.Status](r.t, status).Troubles {
		told = told || (string(t.Code) == "orphan" && t.About == id && strings.Contains(t.Say, "129.50") && t.Do != "")
	}
	_, text := r.call("GET", "/v1/days/current?format=text", nil)
	boxed := strings.Contains(text, "REFUND PROPOSED")
	if found != want || told != want || boxed != want || !strings.Contains(text, "UNWANTED MONEY") {
		r.t.Errorf("want %v: in the queue %v, among the troubles %v, open in the day %v\n%s\n%s", want, found, told, boxed, queue, text)
	}
}
