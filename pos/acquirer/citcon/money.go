package citcon

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posd/pos"
)

// Codes of pay and inquire (2.6): 00 paid, 09 not finished, everything else an error.
const (
	codePaid    = "00"
	codePending = "09"
)

// Charge posts pay. A refusal is a decline only when it is whole, certain and not about to change; one
// that comes with an id is confirmed by one inquiry first (life of an attempt: a decline).
func (c *Client) Charge(ctx context.Context, ch pos.Charge, leaving func() error) (pos.Answer, error) {
	form := url.Values{
		"barcode": {ch.Code.Reveal()}, "currency": {string(ch.Amount.Currency)}, "total": {strconv.FormatInt(ch.Amount.Minor, 10)},
		"tip": {strconv.FormatInt(ch.Tip, 10)}, "reference": {ch.Reference}, "pos_local_time": {c.localTime()},
	}
	r, err := c.say(ctx, "pay", form, leaving)
	if err != nil {
		if reasonOf(err) == "not_left" {
			return pos.Answer{Event: pos.NotLeft, Reason: "not_left"}, nil
		}
		return pos.Answer{Reason: reasonOf(err)}, err
	}
	a := c.told(r, ch.Attempt)
	switch {
	case a.Event != 0:
		return a, nil
	case !r.fail() || r.says(doubts): // a word we do not know, or one that proves nothing: they may have the money
		a.Event, a.Reason = pos.Silence, "unknown"
		return a, nil
	case r.says(tokenWords) && r.id() == "":
		// The set-up is refused before any wallet was asked: no money moved and none can (wallets 2.0).
		c.token.forget()
		a.Event, a.Reason, a.Misfit, a.Trouble = pos.Decline, "setup", true, pos.TroubleAcquirerRefuses
		return a, nil
	}
	a.Event, a.Reason = pos.Decline, r.refusal()
	if a.Theirs == "" {
		a.Unconfirmed = true // nobody to ask: it stands as said, and is marked so
		return a, nil
	}
	at := ch.Attempt
	at.Theirs = a.Theirs
	confirmed, err := c.inquire(ctx, at, r.shortCode())
	switch {
	case err != nil:
		a.Event, a.Reason = pos.Silence, reasonOf(err)
		return a, nil
	case confirmed.Event == pos.Decline:
		return a, nil
	}
	return confirmed, nil
}

// Present asks for a QR that serves every wallet (2.5). It carries no reference and no currency: the
// terminal's own is the only one, and it was confirmed in set-up. The id to ask by is the reply's, or
// else the part behind the first = of the QR's address (7.5).
func (c *Client) Present(ctx context.Context, a pos.Attempt, leaving func() error) (pos.Answer, error) {
	form := url.Values{"total": {strconv.FormatInt(a.Amount.Minor, 10)}, "tip": {strconv.FormatInt(a.Tip, 10)}, "reference": {a.Reference}}
	r, err := c.say(ctx, "gen_payment_qr", form, leaving)
	if err != nil {
		if reasonOf(err) == "not_left" {
			return pos.Answer{Event: pos.NotLeft, Reason: "not_left"}, nil
		}
		return pos.Answer{Reason: reasonOf(err)}, err
	}
	qr := r.text("qr_code")
	_, id, ok := strings.Cut(qr, "=")
	if r.success() && ok && id != "" {
		if theirs := r.id(); theirs != "" {
			id = theirs
		}
		return pos.Answer{Event: pos.Pend, Theirs: id, QR: qr, Date: r.date}, nil
	}
	switch {
	case !r.fail() || r.says(doubts):
		return pos.Answer{Event: pos.Silence, Reason: "unknown", Date: r.date}, nil
	case r.says(tokenWords):
		c.token.forget()
		return pos.Answer{Event: pos.Decline, Reason: "setup", Misfit: true, Trouble: pos.TroubleAcquirerRefuses, Date: r.date}, nil
	}
	return pos.Answer{Event: pos.Decline, Reason: r.refusal(), Date: r.date}, nil
}

// told reads the replies that settle something by themselves: paid, not finished, and one that is about
// another payment, which is no answer at all. Event 0 says that the reply is none of them.
func (c *Client) told(r reply, a pos.Attempt) pos.Answer {
	ans := pos.Answer{Theirs: r.id(), Wallet: r.wallet(), Date: r.date}
	switch {
	case a.Theirs != "" && r.id() != "" && r.id() != a.Theirs, r.text("reference") != "" && r.text("reference") != a.Reference:
		ans = pos.Answer{Event: pos.Silence, Theirs: a.Theirs, Reason: "reference_differs", Trouble: pos.TroubleReferenceDiffers, Date: r.date,
			Misfit: r.success() && r.code() == codePaid}
	case r.code() == codePending: // whatever result says: 7.6
		ans.Event = pos.Pend
	case r.success() && r.code() == codePaid:
		ans = c.proved(r, a, ans)
	case r.success():
		ans.Event, ans.Reason = pos.Silence, "unknown" // success without 00 is half a word (7.6)
	}
	return ans
}

// proved wants everything that an approval needs: an id, and our own sum. A currency that the dialect
// echoes must be ours too. Anything less is doubt, and a person should know.
func (c *Client) proved(r reply, a pos.Attempt, ans pos.Answer) pos.Answer {
	total, whole := r.minor("total")
	id := ans.Theirs
	if id == "" {
		id = a.Theirs
	}
	currency := r.text("currency")
	switch {
	case id == "":
		ans.Event, ans.Reason = pos.Silence, "unknown"
	case currency != "" && !strings.EqualFold(currency, string(a.Amount.Currency)):
		ans.Event, ans.Theirs, ans.Reason, ans.Trouble, ans.Misfit = pos.Silence, a.Theirs, "reference_differs", pos.TroubleReferenceDiffers, true
	case !whole || total != a.Amount.Minor:
		ans.Event, ans.Reason, ans.Trouble, ans.Misfit = pos.Silence, "amount_differs", pos.TroubleAmountDiffers, true
	default:
		ans.Event = pos.Approve
		ans.Paid = &pos.Paid{At: time.Now().UTC().Truncate(time.Millisecond), Amount: total, Currency: a.Amount.Currency, Tip: a.Tip, Wallet: ans.Wallet}
	}
	return ans
}

// Refund posts refund for part or all of a paid attempt. It is never sent twice: POS shows no detection
// of a repeated reference (7.7).
func (c *Client) Refund(ctx context.Context, a pos.Attempt, f pos.Refund, leaving func() error) (pos.RefundAnswer, error) {
	form := url.Values{"transaction_id": {a.Theirs}, "refund_amount": {strconv.FormatInt(f.Amount.Minor, 10)}, "reference": {f.Reference},
		"pos_local_time": {c.localTime()}}
	r, err := c.say(ctx, "refund", form, leaving)
	if err != nil {
		if reasonOf(err) == "not_left" {
			return pos.RefundAnswer{Event: pos.RefundNotLeft, Reason: "not_left"}, nil
		}
		return pos.RefundAnswer{Reason: reasonOf(err)}, err
	}
	ans, named := pos.RefundAnswer{Theirs: r.id()}, r.text("reference")
	original := r.text("original_transaction_id")
	switch {
	case named != "" && named != f.Reference: // the answer to another, repeated or late
		ans.Event, ans.Theirs, ans.Reason = pos.RefundSilence, "", "reference_differs"
	case r.success() && (r.code() == "" || r.code() == codePaid) && (original == "" || original == a.Theirs):
		ans.Event = pos.RefundDone
	case r.fail() && !r.says(doubts):
		ans.Event, ans.Reason = pos.RefundRefuse, r.refusal()
	default:
		ans.Event, ans.Reason = pos.RefundSilence, "unknown"
	}
	return ans, nil
}

func (c *Client) localTime() string { return time.Now().In(c.o.Zone).Format(localTime) }
