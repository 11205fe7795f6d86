package citcon

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// told answers every call of one kind with a fixed body.
type told map[string]string

func (a told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	if !ok {
		body = `{"result":"fail","error_message":"not expected"}`
	}
	status := http.StatusOK
	if strings.HasPrefix(body, "502") {
		status, body = http.StatusBadGateway, body[3:]
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func at(t *testing.T, answers told) *Client {
	t.Helper()
	web := httptest.NewServer(answers)
	t.Cleanup(web.Close)
	c, err := New(Options{URL: web.URL + "/posp/rest/", Token: func() (string, error) { return "0A1B2C3D", nil }, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var sent = pos.Attempt{Reference: "NYC5AV-03-261120-0001-abcd", Mode: pos.ByScan, Wallet: pos.WeChat, Amount: pos.Amount{Minor: 12950, Currency: "USD"},
	State: pos.Sent, Started: time.Now()}

const doubt = pos.Event(0) // an error, or Silence

// What the acquirer can say to a charge, and what we must conclude.
func TestChargeDictionary(t *testing.T) {
	const paid = `{"result":"success","code":"00","transaction_id":"T1","total":"12950","method":"WeChat"}`
	for name, c := range map[string]struct {
		pay, inquire string
		want         pos.Event
		reason       string
	}{
		"paid":                                {paid, "", pos.Approve, ""},
		"paid, numbers as numbers":            {`{"result":"success","code":"00","transaction_id":280012345678,"total":12950}`, "", pos.Approve, ""},
		"paid, behind a byte-order mark":      {"\xef\xbb\xbf" + paid, "", pos.Approve, ""},
		"paid, words in capitals":             {`{"result":"SUCCESS","code":"00","transaction_id":"T1","total":"12950"}`, "", pos.Approve, ""},
		"paid, no id":                         {`{"result":"success","code":"00","total":"12950"}`, "", doubt, "unknown"},
		"paid, no total":                      {`{"result":"success","code":"00","transaction_id":"T1"}`, "", doubt, "amount_differs"},
		"paid, another total":                 {`{"result":"success","code":"00","transaction_id":"T1","total":"129.50"}`, "", doubt, "amount_differs"},
		"paid, another reference":             {`{"result":"success","code":"00","transaction_id":"T1","total":"12950","reference":"other"}`, "", doubt, "reference_differs"},
		"paid, another currency":              {`{"result":"success","code":"00","transaction_id":"T1","total":"12950","currency":"CAD"}`, "", doubt, "reference_differs"},
		"success without 00":                  {`{"result":"success","transaction_id":"T1","total":"12950"}`, "", doubt, "unknown"},
		"00 without success":                  {`{"code":"00","transaction_id":"T1","total":"12950"}`, "", doubt, "unknown"},
		"said twice":                          {paid + paid, "", doubt, "garbled"},
		"one field twice":                     {`{"result":"success","code":"00","transaction_id":"T1","total":"1","total":"12950"}`, "", doubt, "garbled"},
		"cut in the middle":                   {paid[:40], "", doubt, "garbled"},
		"a list":                              {`[` + paid + `]`, "", doubt, "garbled"},
		"nothing":                             {``, "", doubt, "garbled"},
		"somebody's page":                     {`<html>log in</html>`, "", doubt, "garbled"},
		"their gateway is down":               {`502` + paid, "", doubt, "garbled"},
		"the shopper types":                   {`{"result":"fail","code":"09","transaction_id":"T1"}`, "", pos.Pend, ""},
		"the shopper types, result success":   {`{"result":"success","code":"09","transaction_id":"T1"}`, "", pos.Pend, ""},
		"refused, no id":                      {`{"result":"fail","code":"D1","error_message":"Declined"}`, "", pos.Decline, "D1"},
		"refused, no code":                    {`{"result":"fail","error_message":"Declined"}`, "", pos.Decline, "refused"},
		"refused, not enough money":           {`{"result":"fail","code":"D1","error_message":"NOTENOUGH"}`, "", pos.Decline, "insufficient"},
		"refused, an old code":                {`{"result":"fail","code":"D1","error_message":"AUTH_CODE_INVALID"}`, "", pos.Decline, "expired_code"},
		"refused, confirmed":                  {`{"result":"fail","code":"D1","transaction_id":"T1"}`, `{"result":"fail","code":"D1"}`, pos.Decline, "D1"},
		"refused, confirmed under its id":     {`{"result":"fail","code":"D1","transaction_id":"T1"}`, `{"result":"fail","code":"D9","transaction_id":"T1"}`, pos.Decline, "D1"},
		"refused, and the inquiry is unclear": {`{"result":"fail","code":"D1","transaction_id":"T1"}`, `{"result":"fail","code":"X7"}`, doubt, "unclear"},
		"pending for another reference":       {`{"result":"fail","code":"09","transaction_id":"T1","reference":"other"}`, "", doubt, "reference_differs"},
		"refused, for another reference":      {`{"result":"fail","code":"D1","reference":"other"}`, "", doubt, "reference_differs"},
		"refused, but paid after all":         {`{"result":"fail","code":"D1","transaction_id":"T1"}`, paid, pos.Approve, ""},
		"refused, but the shopper types":      {`{"result":"fail","code":"D1","transaction_id":"T1"}`, `{"result":"fail","code":"09"}`, pos.Pend, ""},
		"refused, and the inquiry is lost":    {`{"result":"fail","code":"D1","transaction_id":"T1"}`, `502`, doubt, "garbled"},
		"an upstream time-out":                {`{"result":"fail","code":"E1","error_message":"upstream timeout"}`, "", doubt, "unknown"},
		"a system error":                      {`{"result":"fail","code":"E1","error_message":"System error, try again"}`, "", doubt, "unknown"},
		"order status":                        {"{\"result\":\"fail\",\"error_message\":\"Order Status Error (C-A2)\\nCheck Order Status\"}", "", doubt, "unknown"},
		"a word nobody knows":                 {`{"result":"processing"}`, "", doubt, "unknown"},
		"an object where a word should be":    {`{"result":{"x":"success"},"code":["00"]}`, "", doubt, "unknown"},
		"the token is refused: nothing moved": {`{"result":"fail","error_message":"Invalid token"}`, "", pos.Decline, "setup"},
		"a UnionPay code":                     {`{"result":"fail","error_message":"[scanCodeId]DATA_FORMAT_ERROR"}`, "", pos.Decline, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			left := 0
			ans, err := at(t, told{"pay": c.pay, "inquire": c.inquire}).Charge(t.Context(), pos.Charge{Attempt: sent, Code: pos.NewCode("134567890123456789")},
				func() error { left++; return nil })
			got := ans.Event
			if got == pos.Silence {
				got = doubt
			}
			if got != c.want || (c.want != doubt && err != nil) || (c.reason != "" && ans.Reason != c.reason) || left != 1 {
				t.Errorf("got %v %q, %v; want %v %q; left %d times", ans.Event, ans.Reason, err, c.want, c.reason, left)
			}
			if ans.Event == pos.Approve && (ans.Paid == nil || ans.Paid.Amount != 12950) {
				t.Errorf("approved without proof: %+v", ans)
			}
			if (ans.Reason == "amount_differs" || ans.Reason == "reference_differs") && ans.Trouble == "" {
				t.Error("nobody is told that the answer is for something else")
			}
			if ans.Reason == "amount_differs" && !ans.Misfit || ans.Reason == "setup" && !ans.Misfit {
				t.Error("asking again will not help, and nobody says so")
			}
		})
	}
}

// What an inquiry can say, and what it settles.
func TestInquireDictionary(t *testing.T) {
	known := sent
	known.Theirs = "T1"
	for body, want := range map[string]pos.Event{
		`{"result":"success","code":"00","total":12950}`:                                 pos.Approve,
		`{"result":"success","code":"00","transaction_id":"T2","total":12950}`:           pos.Silence,
		`{"result":"success","code":"00","total":1}`:                                     pos.Silence,
		`{"result":"fail","code":"09"}`:                                                  pos.Pend,
		`{"result":"fail","code":"D1","error_message":"Declined"}`:                       pos.Decline,
		`{"result":"fail","code":"D1","error_message":"Order was cancelled"}`:            pos.Close,
		`{"result":"fail","code":"E4","error_message":"Order could not be cancelled"}`:   pos.Silence,
		`{"result":"fail","code":"X9","error_message":"Bad request"}`:                    pos.Silence,
		`{"result":"fail","code":"X9","transaction_id":"T1"}`:                            pos.Decline,
		`{"result":"fail","code":"D1","transaction_id":"T2"}`:                            pos.Silence,
		`{"result":"fail","code":"09","transaction_id":"T2"}`:                            pos.Silence,
		`{"result":"fail","code":"D1","error_message":"Declined","reference":"other"}`:   pos.Silence,
		`{"result":"fail","code":"X1","error_message":"Original transaction not found"}`: pos.Absent,
		`{"result":"fail","code":"X1","error_message":"Invalid token"}`:                  pos.Silence,
		`{"result":"fail","error_message":"gateway busy"}`:                               pos.Silence,
		`{"result":"success"}`: pos.Silence,
	} {
		ans, err := at(t, told{"inquire": body}).Inquire(t.Context(), known)
		if err != nil || ans.Event != want {
			t.Errorf("%s: %v, %v; want %v", body, ans.Event, err, want)
		}
		if ans.Theirs != "" && ans.Theirs != "T1" {
			t.Errorf("%s: took the id of another payment, %s", body, ans.Theirs)
		}
	}
}

// A cancel is never believed alone: what the inquiry behind it says decides.
func TestCancelDictionary(t *testing.T) {
	const granted, refused = `{"result":"success","code":"00"}`, `{"result":"fail","code":"E4"}`
	known := sent
	known.Theirs = "T1"
	for name, c := range map[string]struct {
		cancel, inquire string
		want            pos.Event
	}{
		"granted, and cancelled":                {granted, `{"result":"fail","error_message":"Order was cancelled"}`, pos.Close},
		"granted, and not paid":                 {granted, `{"result":"fail","code":"X9"}`, pos.Close},
		"granted, and gone":                     {granted, `{"result":"fail","error_message":"not found"}`, pos.Close},
		"granted, and paid all the same":        {granted, `{"result":"success","code":"00","total":12950}`, pos.TooLate},
		"granted, and still pending":            {granted, `{"result":"fail","code":"09"}`, pos.Silence},
		"granted, and a gateway stumbles":       {granted, `{"result":"fail","error_message":"gateway timeout"}`, pos.Silence},
		"granted, and the inquiry is lost":      {granted, `502`, doubt},
		"granted, for another payment":          {`{"result":"success","transaction_id":"T2"}`, `{"result":"fail","code":"X9"}`, pos.Silence},
		"refused, because it was paid":          {refused, `{"result":"success","code":"00","total":12950}`, pos.TooLate},
		"refused, because it was cancelled":     {refused, `{"result":"fail","error_message":"Order was cancelled"}`, pos.Close},
		"refused, because it was declined":      {refused, `{"result":"fail","error_message":"Declined"}`, pos.Decline},
		"refused, and nobody knows why":         {refused, `{"result":"fail","code":"X9"}`, pos.Silence},
		"refused, and never heard of it":        {refused, `{"result":"fail","error_message":"not found"}`, pos.Absent},
		"refused, and paid for another payment": {refused, `{"result":"success","code":"00","total":12950,"transaction_id":"T2"}`, pos.Silence},
	} {
		ans, err := at(t, told{"cancel": c.cancel, "inquire": c.inquire}).Cancel(t.Context(), known)
		if ans.Event != c.want || (err == nil) == (c.want == doubt) {
			t.Errorf("%s: %v, %v; want %v", name, ans.Event, err, c.want)
		}
	}
}

// The history's layout is unknown: whatever holds one record of ours is found, and two are none.
func TestHistoryLayouts(t *testing.T) {
	ours := `{"transaction_id":"T1","reference":"NYC5AV-03-261120-0001-abcd","total":"12950"}`
	for name, c := range map[string]struct {
		body, want string
	}{
		"a list":                  {`{"result":"success","transactions":[` + ours + `]}`, "T1"},
		"under other names":       {`{"data":{"list":[{"id":"T1","reference":"NYC5AV-03-261120-0001-abcd","amount":12950}]}}`, "T1"},
		"the same record twice":   {`{"a":[` + ours + `,` + ours + `]}`, "T1"},
		"two records":             {`{"a":[` + ours + `,` + strings.Replace(ours, "T1", "T2", 1) + `]}`, ""},
		"another total":           {`{"a":[` + strings.Replace(ours, "12950", "12951", 1) + `]}`, ""},
		"another reference":       {`{"a":[` + strings.Replace(ours, "abcd", "abce", 1) + `]}`, ""},
		"yesterday":               {`{"a":[` + strings.Replace(ours, "}", `,"time_created":"2020-01-01T00:00:00Z"}`, 1) + `]}`, ""},
		"nothing":                 {`{"result":"success"}`, ""},
		"too deep to be believed": {`{"a":` + strings.Repeat("[", 50) + ours + strings.Repeat("]", 50) + `}`, ""},
	} {
		ans, err := at(t, told{"get_history": c.body}).Search(t.Context(), sent)
		if err != nil || ans.Theirs != c.want || (c.want == "" && ans.Event != pos.Unfound) {
			t.Errorf("%s: %+v, %v", name, ans, err)
		}
	}
}

// Whatever comes over the line: approved only with every proof, declined only by a whole refusal.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"result":"success","code":"00","transaction_id":"T1","total":"12950"}`, `{"result":"fail","code":"09"}`, "\xef\xbb\xbf{}", `{"result":"fail"}`} {
		f.Add([]byte(s))
	}
	c := &Client{o: Options{Currency: "USD"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(body)
		if err != nil {
			return
		}
		if !json.Valid([]byte(strings.TrimPrefix(string(body), "\xef\xbb\xbf"))) {
			t.Fatalf("%q was taken for JSON", body)
		}
		ans := c.told(r, sent)
		if ans.Event != pos.Approve {
			return
		}
		var plain map[string]any
		d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(body), "\xef\xbb\xbf")))
		d.UseNumber()
		if err := d.Decode(&plain); err != nil {
			t.Fatal(err)
		}
		text := func(k string) string {
			switch v := plain[k].(type) {
			case string:
				return strings.TrimSpace(v)
			case json.Number:
				return v.String()
			}
			return ""
		}
		total := strings.TrimLeft(strings.TrimPrefix(text("total"), "+"), "0")
		if !strings.EqualFold(text("result"), "success") || text("code") != "00" || total != "12950" || text("transaction_id") == "" {
			t.Errorf("%q was approved", body)
		}
	})
}
