package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/words"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (rewrite with -update):\n%s", path, got)
	}
}

func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// aFriday is a day with a bit of everything, closed in the evening.
func aFriday(t *testing.T) Report {
	t.Helper()
	closed := at("21:07")
	day := pos.Day{Day: friday, Opened: at("09:02"), Closed: closed, Z: 412, By: "M. Roy", Note: "Fire drill at 15:00, the line was down for ten minutes.",
		Rows: 1893, Head: strings.Repeat("9f3ac2", 10) + "9f3a"}
	j := &journal{}
	j.sale("s1", pos.Body{Amount: 118000, Tip: 2000, Currency: "USD", Cashier: "mroy"})
	j.pays("s1", "r1", "10:05", pos.Body{Wallet: pos.WeChat, Cashier: "mroy", Paid: &pos.Paid{Amount: 120000, Tip: 2000, Currency: "USD", Wallet: pos.WeChat,
		Shopper: &pos.Shopper{Amount: 871384, Currency: "CNY", Rate: "7.2615"}}})
	j.sale("s2", pos.Body{Amount: 1234550, Currency: "USD", Cashier: "lchen"})
	j.pays("s2", "r2", "10:40", pos.Body{Wallet: pos.Alipay, Cashier: "lchen", Paid: &pos.Paid{Amount: 1234550, Currency: "USD", Promotions: []string{"NEWYEAR"}}})
	j.sale("s3", pos.Body{Amount: 45000, Currency: "CAD", Cashier: "lchen"})
	j.pays("s3", "r3", "14:20", pos.Body{Wallet: pos.Alipay, Cashier: "lchen", Paid: &pos.Paid{Amount: 45000, Currency: "CAD"}})
	j.add("s2", "f1", "15:00", pos.RefundAsked, pos.Body{Wallet: pos.Alipay, Amount: 34550, Currency: "USD", By: "M. Roy", Reason: "wrong size"})
	j.add("s2", "f2", "15:05", pos.RefundAsked, pos.Body{Wallet: pos.Alipay, Amount: 900, Currency: "USD", By: "M. Roy", Reason: "gift wrap"})
	j.add("s2", "f2", "15:06", pos.KindOfRefund(pos.RefundWithdraw), pos.Body{Wallet: pos.Alipay, Amount: 900, Currency: "USD", By: "L. Chen"})
	j.add("s2", "f1", "15:10", pos.KindOfRefund(pos.RefundDone), pos.Body{Wallet: pos.Alipay, Amount: 34550, Currency: "USD", To: "refunded"})
	j.sale("s4", pos.Body{Amount: 32000, Currency: "USD"})
	j.add("s4", "r4", "15:30", pos.KindOf(pos.Decline), pos.Body{Wallet: pos.WeChat, Amount: 32000, Currency: "USD", Reason: "expired_code"})
	j.add("s4", "r5", "15:31", pos.KindOf(pos.Decline), pos.Body{Wallet: pos.WeChat, Amount: 32000, Currency: "USD", Reason: "expired_code"})
	j.add("s4", "r6", "15:33", pos.KindOf(pos.Decline), pos.Body{Wallet: pos.WeChat, Amount: 32000, Currency: "USD", Reason: "C-1007", Unconfirmed: true})
	j.add("s4", "", "15:40", pos.SaleSettled, pos.Body{Tender: "card"})
	j.add("s0", "r0", "16:00", pos.KindOf(pos.RulePaid), pos.Body{Wallet: pos.Alipay, Amount: 99900, Currency: "USD", By: "mroy"})
	j.add("s-1", "NYC5AV-03-261119-0031-k2Lm", "16:12", pos.KindOf(pos.Approve), pos.Body{Wallet: pos.WeChat, Late: true, Amount: 8800, Currency: "USD",
		Orphan: "NYC5AV-03-261119-0031-k2Lm", Ticket: "A-0977", Paid: &pos.Paid{Amount: 8800, Currency: "USD", Wallet: pos.WeChat}})
	j.sale("s6", pos.Body{Amount: 32000, Currency: "USD"})
	j.add("s6", "r7", "20:05", pos.KindOf(pos.GiveUp), pos.Body{To: "unsent", Reason: "gave_up"})
	j.add("s6", "", "20:06", pos.SaleCancelled, pos.Body{})
	j.add("", "", "21:07", pos.DayClosed, pos.Body{Z: 412, Carried: []pos.Carried{{ID: "NYC5AV-03-261120-0042-x7Qp"}}})
	r, err := Fold(day, j.entries)
	if err != nil {
		t.Fatal(err)
	}
	r.Store, r.Register = "NYC5AV", "NYC5AV-03"
	next := at("21:15")
	r.NotFinal = []Item{
		{Kind: ItemAttempt, ID: "NYC5AV-03-261120-0042-x7Qp", Sale: "s5", Ticket: "A-1001", Amount: 32000, Currency: "USD", State: "checking",
			Since: at("20:41"), NextTry: &next, Tries: 9, Why: "timeout", Who: "till"},
		{Kind: ItemRefund, ID: "f_01J", Sale: "s1", Amount: 2500, Currency: "USD", State: "requested",
			Since: at("18:00").Add(-24 * time.Hour), Why: "unreachable", Who: "manager"},
		OrphanItem(pos.Orphan{Sale: "s-1", Ticket: "A-0977", Attempt: "NYC5AV-03-261119-0031-k2Lm", Why: pos.OrphanSettled, Amount: pos.Amount{Minor: 8800, Currency: "USD"},
			Left: 8800, Since: at("16:12"), Due: at("16:12").Add(pos.OrphanDueAfter)}),
	}
	return r
}

func languages(t *testing.T) *words.Catalogue {
	t.Helper()
	c, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the manager reads, in each language; no line runs over the paper.
func TestText(t *testing.T) {
	catalogue, zone := languages(t), newYork(t)
	empty, err := Fold(pos.Day{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	empty.Register = "NYC5AV-03"
	rich := aFriday(t)
	rich.Totals[0].Sales.Amount, rich.Totals[0].Net = 987654321098, 987654321098
	rich.Totals[0].Refunds.Amount = 123456789012
	for name, r := range map[string]Report{"friday": aFriday(t), "empty": empty, "rich": rich} {
		for _, lang := range catalogue.Languages() {
			t.Run(name+"/"+lang, func(t *testing.T) {
				var b bytes.Buffer
				if err := Text(&b, r, catalogue, lang, zone); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+lang+".txt", b.Bytes())
				for line := range strings.Lines(b.String()) {
					if wide(strings.TrimRight(line, "\n")) > columns {
						t.Errorf("%d columns: %q", wide(line), line)
					}
				}
				for _, id := range []string{"report.", "state.", "reason.", "who."} {
					if strings.Contains(b.String(), id) {
						t.Errorf("an id shows where a sentence should stand: %q", id)
					}
				}
			})
		}
	}
}

func TestJSON(t *testing.T) {
	got, err := json.MarshalIndent(aFriday(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "friday.json", append(got, '\n'))
}

// A writer that fails, a full disk or a closed pipe, is told to the caller.
func TestTextSaysWhenItCouldNotWrite(t *testing.T) {
	if err := Text(broken{}, aFriday(t), languages(t), "en", time.UTC); err == nil {
		t.Error("no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		name, text string
		columns    int
		want       string
	}{
		{"at blanks", "one two three four", 9, "one two|three|four"},
		{"a word too long for any line", "abcdefghij", 4, "abcd|efgh|ij"},
		{"Chinese between characters", "共收款三笔，净额若干。", 10, "共收款三|笔，净额若|干。"},
		{"short", "one", 9, "one"},
		{"nothing", "", 9, ""},
	} {
		if got := strings.Join(wrap(test.text, test.columns), "|"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
