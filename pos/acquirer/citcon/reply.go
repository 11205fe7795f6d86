package citcon

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"posd/pos"
)

// reply is one JSON object as Citcon says it. Field types are not published (2.2), so every value is kept
// as it came and read tolerantly: a string, a number, null or nothing.
type reply struct {
	fields map[string]json.RawMessage
	date   time.Time
}

var (
	errNotJSON = errors.New("the answer is not one whole JSON object")
	errTwice   = errors.New("the answer says a field twice")
)

// decode reads exactly one JSON object, after the byte-order mark that Citcon may send (0.2). A field that
// stands twice is refused: which of the two was meant is anybody's guess, and one may be money.
func decode(body []byte) (reply, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return reply{}, errNotJSON
	}
	r := reply{fields: map[string]json.RawMessage{}}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return reply{}, errNotJSON
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return reply{}, errNotJSON
		}
		if _, twice := r.fields[name]; twice {
			return reply{}, errTwice
		}
		r.fields[name] = value
	}
	if _, err := d.Token(); err != nil {
		return reply{}, errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return reply{}, errNotJSON
	}
	return r, nil
}

// text is a field as text: a string, or a number as it was written; anything else is empty.
func (r reply) text(name string) string { return scalar(r.fields[name]) }

func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var n json.Number
	if len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// minor is an amount in minor units; ok is false for everything but a whole number.
func (r reply) minor(name string) (int64, bool) {
	n, err := strconv.ParseInt(r.text(name), 10, 64)
	return n, err == nil
}

func (r reply) success() bool { return strings.EqualFold(r.text("result"), "success") }
func (r reply) fail() bool    { return strings.EqualFold(r.text("result"), "fail") }
func (r reply) code() string  { return r.text("code") }
func (r reply) id() string    { return r.text("transaction_id") }

// shape of a code that may be repeated to people: short, and nothing that could be echoed input.
var shapeCode = regexp.MustCompile(`^[0-9A-Za-z]{1,4}$`)

// inText finds the code inside an error text: "Order Status Error (C-A2)" (2.4).
var inText = regexp.MustCompile(`\(C-([0-9A-Z]{2})\)`)

// shortCode is the reply's code for people: never its free text, which may echo what we sent.
func (r reply) shortCode() string {
	if c := r.code(); shapeCode.MatchString(c) {
		return c
	}
	if m := inText.FindStringSubmatch(r.text("error_message")); m != nil {
		return m[1]
	}
	return "none"
}

// What error texts tell of, in lower case. The texts are not published as a list: these are the words of
// the vendor's tests (2.4) and of the classes of failure that prove nothing (2.6, 5).
var (
	occupied = []string{"c-i0", "token was occupied"}
	doubts   = []string{"c-a2", "order status", "timeout", "time out", "timed out", "system", "upstream", "gateway", "internal", "try again",
		"busy", "network", "unknown", "exception", "processing"}
	tokenWords = []string{"token", "terminal", "unauthorized", "not authorized"}
	expired    = []string{"expire", "auth_code_invalid", "invalid barcode", "barcode invalid", "already used", "consumed"}
	funds      = []string{"notenough", "not enough", "insufficient", "balance"}
	limits     = []string{"limit"}
	malformed  = []string{"data_format_error"}
	notFound   = []string{"not found", "not exist"}
	ended      = []string{"was cancelled", "was canceled", "been cancelled", "been canceled", "already cancelled", "already canceled",
		"was voided", "been voided", "already voided", "was reversed", "been reversed", "already reversed"}
	refusals = slices.Concat(expired, funds, limits, malformed, []string{"declined", "rejected", "payment failed", "not paid", "unpaid", "order closed", "was closed"})
)

// says reports whether the error text holds one of the words.
func (r reply) says(words []string) bool {
	text := strings.ToLower(r.text("error_message"))
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// refusal names a refusal in a word of ours, or else in the acquirer's short code.
func (r reply) refusal() string {
	switch {
	case r.says(expired):
		return "expired_code"
	case r.says(funds):
		return "insufficient"
	case r.says(limits):
		return "limit"
	case r.says(malformed):
		return "refused"
	}
	if c := r.shortCode(); c != "none" {
		return c
	}
	return "refused"
}

// wallet reads the method that paid; its case and spelling are not uniform (2.4).
func (r reply) wallet() pos.Wallet {
	m := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(r.text("method")))
	switch {
	case m == "":
		return ""
	case strings.HasPrefix(m, "wechat"):
		return pos.WeChat
	case strings.HasPrefix(m, "alipay"):
		return pos.Alipay
	case len(m) <= 24 && strings.Trim(m, "abcdefghijklmnopqrstuvwxyz0123456789+") == "":
		return pos.Wallet(m)
	}
	return ""
}
