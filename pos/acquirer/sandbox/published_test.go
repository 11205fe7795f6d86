package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The simulated side answers as Citcon's own published tests expect of the real one: status 200 whatever
// happens, the words of result, the codes, the shape of the QR (acquirer reference, sections 0, 2 and 8).
func TestAnswersAsPublishedTestsExpect(t *testing.T) {
	web := httptest.NewServer(New(Options{Token: "0A1B2C3D", Currency: "USD"}))
	t.Cleanup(web.Close)
	ask := func(endpoint string, form url.Values) map[string]any {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/posp/rest/"+endpoint, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", endpoint, resp.StatusCode, err)
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(b), "\xef\xbb\xbf")), &m); err != nil || len(m) == 0 {
			t.Fatalf("%s: %s", endpoint, b)
		}
		return m
	}
	with := func(more ...string) url.Values {
		v := url.Values{"token": {"0a1b2c3d"}, "pos_local_time": {"2020-03-01 14:04:09"}, "nonce": {"1111"}, "hash": {"ignored"}}
		for i := 0; i+1 < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	if m := ask("initialize", url.Values{"store_code": {"0A1B2C3D"}}); m["result"] != "success" || m["token"] != "0A1B2C3D" || m["name_eng"] == "" {
		t.Errorf("initialize: %v", m)
	}
	if m := ask("sign_in", with()); m["result"] != "success" {
		t.Errorf("sign_in: %v", m)
	}
	if m := ask("sign_in", url.Values{"token": {"other"}}); m["result"] != "fail" {
		t.Errorf("sign_in with another token: %v", m)
	}
	m := ask("gen_payment_qr", with("total", "1", "tip", "0"))
	qr, _ := m["qr_code"].(string)
	if _, q, ok := strings.Cut(qr, "="); m["result"] != "success" || !ok || q == "" {
		t.Errorf("gen_payment_qr: %v", m)
	}
	paid := ask("pay", with("barcode", "134567890123456789", "currency", "USD", "total", "100", "reference", "r1"))
	id, _ := paid["transaction_id"].(string)
	if paid["result"] != "success" || paid["code"] != "00" || paid["method"] != "WeChat" || id == "" {
		t.Errorf("pay: %v", paid)
	}
	if m := ask("pay", with("barcode", "134567890123456789", "currency", "USD", "total", "100")); m["result"] != "fail" || m["method"] != "WeChat" {
		t.Errorf("pay with a stale code: %v", m)
	}
	if m := ask("pay", with("barcode", "hQVDUFY99999999999", "currency", "USD", "total", "100")); m["result"] != "fail" || m["error_message"] != "[scanCodeId]DATA_FORMAT_ERROR" {
		t.Errorf("pay with a UnionPay code: %v", m)
	}
	for _, total := range []string{"", "0", "-1", "1.5", "x"} {
		if m := ask("pay", with("barcode", "134567890123456780", "currency", "USD", "total", total)); m["result"] != "fail" {
			t.Errorf("pay of %q: %v", total, m)
		}
	}
	if m := ask("inquire", with("transaction_id", id)); m["result"] != "success" || m["code"] != "00" {
		t.Errorf("inquire: %v", m)
	}
	if m := ask("cancel", with("transaction_id", id)); m["result"] != "fail" || m["code"] != "E4" {
		t.Errorf("cancel of a paid sale: %v", m)
	}
	if m := ask("refund", with("transaction_id", id, "refund_amount", "40", "reference", "f1")); m["result"] != "success" || m["original_transaction_id"] != id ||
		m["transaction_id"] == id || m["reference"] != "f1" || m["original_reference"] != "r1" {
		t.Errorf("refund: %v", m)
	}
	if m := ask("refund", with("transaction_id", id, "refund_amount", "61")); m["result"] != "fail" || m["code"] != "A3" {
		t.Errorf("refund of too much: %v", m)
	}
	if m := ask("refund", with("transaction_id", "none", "refund_amount", "1")); m["result"] != "fail" || m["code"] != "A3" {
		t.Errorf("refund of nothing: %v", m)
	}
	if m := ask("get_history", with("timezone", "America/New_York")); m["result"] != "success" {
		t.Errorf("get_history: %v", m)
	}
}

// Another process scripts the sandbox, and is told what it got wrong.
func TestControlFace(t *testing.T) {
	s := New(Options{Token: "0A1B2C3D", Currency: "USD"})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	r := Remote{URL: web.URL}
	if err := r.Script(t.Context(), Step{Do: "dance"}); err == nil {
		t.Error("a charge may dance")
	}
	if err := r.Shopper(t.Context(), true); err == nil {
		t.Error("a shopper confirmed nothing")
	}
	if err := r.Script(t.Context(), Step{Do: Decline, Code: "D9"}); err != nil {
		t.Error(err)
	}
	if step := s.step(&s.script); step.Do != Decline || step.Code != "D9" {
		t.Errorf("scripted %+v", step)
	}
	if err := r.Refuse(t.Context(), true); err != nil {
		t.Error(err)
	}
	if list, err := r.Ledger(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
