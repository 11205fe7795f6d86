package main

import (
	"strings"
	"testing"

	"posd/pos"
	"posd/pos/words"
)

// A display shows the shopper's language first, each once; one that draws no QR says where one is, in words.
func TestLines(t *testing.T) {
	w, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	amount := pos.Amount{Minor: 12950, Currency: "USD"}
	for name, c := range map[string]struct {
		languages []string
		prompt    pos.Prompt
		want      string
	}{
		"its QR is drawn": {[]string{"en"}, pos.Prompt{Kind: pos.PromptQR, Amount: amount, QR: "https://pay"},
			"Scan to pay " + amount.Format("en") + "|with Alipay or WeChat"},
		"no QR is drawn": {[]string{"en", "zh-Hans"}, pos.Prompt{Kind: pos.PromptQR, Amount: amount},
			"扫码支付 " + amount.Format("zh-Hans") + "|请扫收银机屏幕上的二维码|Scan to pay " + amount.Format("en") + "|on the cashier's screen"},
		"one language twice": {[]string{"en", "en"}, pos.Prompt{Kind: pos.PromptPaid, Amount: amount}, "Paid: " + amount.Format("en") + "|Thank you"},
	} {
		if got := strings.Join(lines(w, c.languages, "NYC5AV", c.prompt), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
