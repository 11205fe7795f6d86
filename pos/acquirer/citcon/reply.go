package citcon

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posd/pos"
)

// reply is one JSON object as Citcon says it. Field types are not published (2.2), so a value is read tolerantly: a
// string, a number as it was written, or nothing.
type reply struct {
	texts  map[string]string
	nested []json.RawMessage // the lists and objects among the values
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
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return reply{}, errNotJSON
	}
	if members(body) != len(fields) {
		return reply{}, errTwice
	}
	r := reply{texts: make(map[string]string, len(fields))}
	for name, value := range fields {
		if value[0] == '[' || value[0] == '{' {
			r.nested = append(r.nested, value)
		} else {
			r.texts[name] = scalar(value)
		}
	}
	return r, nil
}

// members counts the members of an object, which is known to be valid.
func members(object []byte) (n int) {
	depth, quoted := 0, false
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

// scalar is a value as text.
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
			return string(bytes.TrimSpace(plain))
		}
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return strings.TrimSpace(s)
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return string(raw)
	}
	return ""
}

// text is a field as text; what is neither a string nor a number is empty.
func (r reply) text(name string) string { return r.texts[name] }

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

var unspaced = strings.NewReplacer(" ", "", "_", "", "-", "")

// wallet reads the method that paid; its case and spelling are not uniform (2.4).
func (r reply) wallet() pos.Wallet {
	m := strings.ToLower(unspaced.Replace(r.text("method")))
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
