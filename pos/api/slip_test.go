package api_test

import (
	"strings"
	"testing"

	"posd/pos"
	"posd/pos/acquirer/sandbox"
	"posd/pos/api"
)

// A shopper whose outcome nobody knows gets it in writing, and after that only what is so: as lines for a program or
// a printer, and as text; never with the payment code on it.
func TestSlipOverTheAPI(t *testing.T) {
	r := open(t)
	r.box.Script(sandbox.Step{Do: sandbox.Never})
	e := r.listen()
	id := r.sell(12950, "k-1")
	slip := func(query string, headers ...string) (int, string) {
		return r.call("GET", "/v1/sales/"+id+"/slip"+query, nil, headers...)
	}
	refused := func(query string) {
		t.Helper()
		status, body := slip(query)
		if p := reads[api.Problem](t, body); status != 400 || p.Type != "bad_request" || p.Say == "" {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	refused("")
	r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code})
	waiting := reads[api.Sale](t, e.until(saleIs("awaiting")).data)
	status, body := slip("")
	v := reads[api.Slip](t, body)
	if status != 200 || v.Kind != pos.SlipPending || v.About != id || len(v.Lines) < 10 {
		t.Errorf("%d %s", status, body)
	}
	for _, ask := range [][]string{{"?kind=pending&format=text"}, {"?kind=pending", "Accept", "text/plain"}} {
		status, text := slip(ask[0], ask[1:]...)
		for _, want := range []string{"NYC5AV", "129.50", waiting.Attempts[0].Reference, "NOT A RECEIPT", "付款结果未知"} {
			if status != 200 || !strings.Contains(text, want) {
				t.Errorf("%s lacks %q: %d\n%s", ask, want, status, text)
			}
		}
		if strings.Contains(text, code) || strings.Contains(text, code[len(code)-4:]) {
			t.Errorf("the code stands on the slip:\n%s", text)
		}
	}
	refused("?kind=paid")
	refused("?kind=nonsense")
	r.box.Decide(waiting.Attempts[0].AcquirerID, true)
	e.until(saleIs("paid"))
	refused("?kind=pending")
	if _, body := slip("?kind=paid"); reads[api.Slip](t, body).Kind != pos.SlipPaid {
		t.Error(body)
	}
	if status, _ := r.call("GET", "/v1/sales/s_none/slip", nil); status != 404 {
		t.Errorf("no such sale: %d", status)
	}
	if status, _ := slip("?format=papyrus"); status != 501 {
		t.Errorf("a format nobody knows: %d", status)
	}
}

// A slip is printed on the register's printer when somebody asks: the answer says what came of it, and a lack or a
// missing printer is a sentence and no failure of the sale.
func TestPrintOverTheAPI(t *testing.T) {
	r := open(t)
	r.box.Script(sandbox.Step{Do: sandbox.Never})
	e := r.listen()
	id := r.sell(12950, "k-1")
	if status, body := r.call("POST", "/v1/sales/"+id+"/slip", map[string]string{}); status != 400 {
		t.Errorf("a sale without a slip: %d %s", status, body)
	}
	r.call("POST", "/v1/sales/"+id+"/scan", map[string]string{"code": code})
	e.until(saleIs("awaiting"))
	status, body := r.call("POST", "/v1/sales/"+id+"/slip", map[string]string{"kind": "pending"})
	p := reads[api.Printed](t, body)
	if status != 200 || p.Result != "printed" || !p.Copy || len(p.Lacks) != 1 || p.Say != "The slip was printed as a copy. Some letters are missing on it: this printer has no Chinese." {
		t.Errorf("%d %s", status, body)
	}
	status, body = r.call("POST", "/v1/days/current/slip", map[string]string{})
	if p := reads[api.Printed](t, body); status != 200 || p.Result != "no_printer" || p.Say != "This register has no printer." {
		t.Errorf("%d %s", status, body)
	}
	for _, path := range []string{"/v1/sales/s_none/slip", "/v1/days/1999-01-01/slip"} {
		if status, body := r.call("POST", path, map[string]string{}); status != 404 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := r.call("POST", "/v1/sales/"+id+"/slip", map[string]string{"kind": "paid"}); status != 400 {
		t.Errorf("a payment that is not confirmed is printed as paid: %d", status)
	}
}
