package pos

import (
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// Code is what a scanner read: for about a minute it may be money. It formats masked wherever it is
// printed, logged or encoded; only acquirer clients and the keyed hash call Reveal. The digits hide
// behind a pointer because fmt calls no methods on unexported fields.
type Code struct{ text *string }

// NewCode wraps scanned text.
func NewCode(text string) Code { return Code{&text} }

// Reveal is the scanned text. Never log, store or return it.
func (c Code) Reveal() string {
	if c.text == nil {
		return ""
	}
	return *c.text
}

// Last4 is what a person may see of the code: its last four characters, or nothing of a short one.
func (c Code) Last4() string {
	t := c.Reveal()
	if len(t) < 12 {
		return ""
	}
	for _, b := range []byte(t) {
		if b < ' ' || b > '~' {
			return ""
		}
	}
	return t[len(t)-4:]
}

func (c Code) String() string               { return "****" + c.Last4() }
func (c Code) GoString() string             { return c.String() }
func (c Code) LogValue() slog.Value         { return slog.StringValue(c.String()) }
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Scan is one whole code off a scanner.
type Scan struct {
	Device string    // the scanner's name in the configuration; empty when it came through the API
	Code   Code      // the data, without AIM identifier and terminators
	AIM    string    // "]C0" where the scanner sends symbology identifiers, else empty
	Whole  bool      // ended by a terminator; one that silence ended is never a payment code
	At     time.Time // when its last byte was read
}

// Family is what scanned text looks like. It is a hint for people and a gate for money: only a
// family with a wallet is ever sent.
type Family string

// The families, named as in the classification cases of the wallet reference.
const (
	FamilyWeChat     Family = "wechat"
	FamilyAlipay     Family = "alipay"
	FamilyAlipayPlus Family = "alipay-plus"
	FamilyUnionPay   Family = "unionpay" // a payment code of a wallet we have no contract for
	FamilyEMVShopper Family = "emv-cpm"  // EMVCo consumer-presented: likewise
	FamilyEMVStore   Family = "emv-mpm"  // a shop's own QR
	FamilyURL        Family = "url"      // a personal receive-code or our own QR
	FamilyProduct    Family = "product"  // a price tag, a carton, a GS1 label
	FamilyNone       Family = "none"
)

// Wallet is who pays: "wechat" or "alipay"; acquirers may name others.
type Wallet string

// The wallets a register knows by name.
const (
	WeChat Wallet = "wechat"
	Alipay Wallet = "alipay"
)

// Wallet is the wallet that a family belongs to; ok is false for everything that is not money here.
// Alipay+ partner codes go the way of Alipay: the acquirer's answer says which wallet paid.
func (f Family) Wallet() (w Wallet, ok bool) {
	switch f {
	case FamilyWeChat:
		return WeChat, true
	case FamilyAlipay, FamilyAlipayPlus:
		return Alipay, true
	}
	return "", false
}

// Shapes of codes: WeChat 18 digits from 10 to 15; Alipay 16 to 24 digits from 25 to 30; Alipay+ 24
// digits with 02 ("user presented") at the seventh place and a partner's issuer number from 25;
// UnionPay 19 digits from 62; EMVCo consumer codes are base64 of tag 85 "CPV01", merchant codes TLV
// text. Sources: WeChat Pay and Alipay in-store documents, EMVCo QR specifications.
var (
	shapeWeChat     = regexp.MustCompile(`^1[0-5][0-9]{16}$`)
	shapeAlipayPlus = regexp.MustCompile(`^(2[5-9]|30)[0-9]{4}02[0-9]{16}$`)
	shapeAlipay     = regexp.MustCompile(`^(2[5-9]|30)[0-9]{14,22}$`)
	shapeUnionPay   = regexp.MustCompile(`^62[0-9]{17}$`)
	shapeEMVShopper = regexp.MustCompile(`^hQVDUFY`)
	shapeEMVStore   = regexp.MustCompile(`^0002(01|02)[0-9]{2}`)
	shapeURL        = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*://`)
	shapeProduct    = regexp.MustCompile(`^([0-9]{8}|[0-9]{12,14}|\([0-9]{2,4}\).+)$`)
	shapeAIM        = regexp.MustCompile(`^\][A-Za-z][0-9A-Za-z]`)
)

// digits are those that somebody may have typed as one number, alone or in groups.
var digits = regexp.MustCompile(`[0-9]+(?:[ .-]?[0-9]+)*`)

// HoldsCode reports whether a payment code stands in what a person typed, or a scanner that types: it would be written
// down for good.
func HoldsCode(text string) bool {
	for _, run := range digits.FindAllString(text, -1) {
		whole := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(run)
		for _, number := range append(strings.FieldsFunc(run, func(r rune) bool { return r < '0' }), whole) {
			switch family(number, "") {
			case FamilyWeChat, FamilyAlipay, FamilyAlipayPlus, FamilyUnionPay:
				return true
			}
		}
	}
	return false
}

// plain are the symbologies a phone shows a payment code in: Code 128 without GS1 data, and QR.
var plain = map[string]bool{"": true, "]C0": true, "]Q0": true, "]Q1": true}

// Read trims what a scanner adds around a code, takes a leading AIM identifier apart when the line
// still carries one, and names the family. Digits alone cannot tell a carton label from a WeChat
// code: only an armed prompt, the AIM identifier and the wallet's own answer can.
func (s Scan) Read() (Code, Family) {
	text := strings.TrimFunc(s.Code.Reveal(), func(r rune) bool { return r <= ' ' || r == 0x7f })
	aim := s.AIM
	if aim == "" && len(text) > 3 && shapeAIM.MatchString(text) {
		aim, text = text[:3], text[3:]
	}
	return NewCode(text), family(text, aim)
}

func family(text, aim string) Family {
	money := plain[aim]
	switch {
	case money && shapeWeChat.MatchString(text):
		return FamilyWeChat
	case money && shapeAlipayPlus.MatchString(text):
		return FamilyAlipayPlus
	case money && shapeAlipay.MatchString(text):
		return FamilyAlipay
	case money && shapeUnionPay.MatchString(text):
		return FamilyUnionPay
	case shapeEMVShopper.MatchString(text):
		return FamilyEMVShopper
	case shapeEMVStore.MatchString(text):
		return FamilyEMVStore
	case shapeURL.MatchString(text):
		return FamilyURL
	case !money, shapeProduct.MatchString(text):
		return FamilyProduct
	}
	return FamilyNone
}
