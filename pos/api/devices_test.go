package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"posd/pos/api"
)

// A technician tries devices in their own language: what came is said, what only a person sees is asked, and the
// next step stands beside what failed. While a sale waits for a scan no scanner is tried: its code would be lost.
func TestTrials(t *testing.T) {
	r := open(t)
	for _, c := range []struct {
		device, lang string
		status       int
		want         []string
	}{
		{"scanner", "en", 200, []string{`"result":"ok"`, "scanner reads: WeChat payment code, 18 characters, ****6789."}},
		{"scanner", "zh-Hans", 200, []string{"****6789", "18"}},
		{"display", "fr-CA", 200, []string{`"ask":"Est-elle là`, "posd display"}},
		{"printer", "en", 200, []string{`"result":"ok"`, "printer printed a test slip, but has no Chinese letters.", `"ask":"Is it whole`}},
		{"empty", "en", 200, []string{`"result":"failed"`, "The printer has no paper. Nothing was printed."}},
		{"pulled", "en", 200, []string{`"result":"failed"`, "pulled is not ready: the cable is out.", "/dev/ttyACM0"}},
		{"teapot", "en", 404, []string{`"not_found"`}},
	} {
		status, body := r.call("POST", "/v1/devices/"+c.device+"/test", map[string]string{}, "Accept-Language", c.lang)
		for _, want := range c.want {
			if status != c.status || !strings.Contains(body, want) || strings.Contains(body, "device.test") {
				t.Errorf("%s in %s: %d %s, want %q", c.device, c.lang, status, body, want)
			}
		}
	}
	status, body := r.call("GET", "/v1/devices/discover", nil)
	var found api.Discovered
	if err := json.Unmarshal([]byte(body), &found); err != nil || status != 200 || len(found.Items) != 1 || found.Items[0].Port != "usb:0c2e:0b6a" {
		t.Errorf("%d %s %v", status, body, err)
	}
	if status, body := r.call("GET", "/v1/checks", nil); status != 200 || !strings.Contains(body, `"items":[]`) {
		t.Errorf("%d %s", status, body)
	}
	status, body = r.call("POST", "/v1/sales", map[string]any{"amount": 100, "currency": "USD"}, "Idempotency-Key", "trial")
	var sale api.Sale
	if err := json.Unmarshal([]byte(body), &sale); err != nil || status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := r.call("POST", "/v1/sales/"+sale.ID+"/scan", map[string]string{}); status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := r.call("POST", "/v1/devices/scanner/test", map[string]string{}); status != 409 || !strings.Contains(body, "scanner_busy") {
		t.Errorf("while a sale waits: %d %s", status, body)
	}
	if status, body := r.call("POST", "/v1/devices/printer/test", map[string]string{}); status != 200 {
		t.Errorf("a printer while a sale waits: %d %s", status, body)
	}
}
