package citcon

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"posd/pos"
)

// Inquire asks by Citcon's id; by our reference nobody has seen it work (2.5). A refusal without 09 says
// that the payment failed (2.6, 5), unless its words prove nothing, or are about the id or the token.
func (c *Client) Inquire(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	return c.inquire(ctx, a, "")
}

// inquire is Inquire for who was refused with a code before: the same code again confirms it.
func (c *Client) inquire(ctx context.Context, a pos.Attempt, said string) (pos.Answer, error) {
	form := url.Values{"transaction_id": {a.Theirs}, "pos_local_time": {c.localTime()}}
	r, err := c.ask(ctx, "inquire", form)
	if err != nil {
		return pos.Answer{Reason: reasonOf(err)}, err
	}
	ans := c.told(r, a)
	switch {
	case ans.Event != 0:
	case !r.fail() || r.says(doubts):
		ans.Event, ans.Reason = pos.Silence, "unknown"
	case r.says(tokenWords):
		c.token.forget()
		ans.Event, ans.Reason, ans.Misfit, ans.Trouble = pos.Silence, "setup", true, pos.TroubleAcquirerRefuses
	case r.says(notFound):
		ans.Event = pos.Absent
	case r.says(ended):
		ans.Event = pos.Close
	case r.id() != "" || r.says(refusals) || (said != "" && said == r.shortCode()):
		ans.Event, ans.Reason = pos.Decline, r.refusal()
	default:
		ans.Event, ans.Reason = pos.Silence, unclear // a failure, but perhaps of the question
	}
	return ans, nil
}

// unclear is the reason when a whole refusal does not say that it is about this payment.
const unclear = "unclear"

// Cancel asks to close an attempt. POS says E4 when it cannot (2.6), and whether a cancel of a paid sale
// returns the money is open (7.4): so its word is never enough, and one inquiry decides.
func (c *Client) Cancel(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	r, err := c.ask(ctx, "cancel", url.Values{"transaction_id": {a.Theirs}})
	if err != nil {
		return pos.Answer{Reason: reasonOf(err)}, err
	}
	granted := r.success() && (r.code() == "" || r.code() == codePaid) && (r.id() == "" || r.id() == a.Theirs)
	ans, err := c.Inquire(ctx, a)
	if err != nil {
		return ans, err
	}
	switch {
	case ans.Event == pos.Approve:
		ans.Event = pos.TooLate
	case granted && (ans.Event == pos.Decline || ans.Event == pos.Absent || ans.Reason == unclear): // 5: cancelled, and not paid
		ans.Event, ans.Reason = pos.Close, ""
	case ans.Event == pos.Close, ans.Event == pos.Decline, ans.Event == pos.Absent:
	default:
		ans.Event = pos.Silence
	}
	return ans, nil
}

// nearBy is how far a record's time may lie from the attempt's: two clocks, and a call that took its time.
const nearBy = 15 * time.Minute

// Search reads the terminal's history for the id of an attempt whose answer was lost (7.2). One record with
// our reference, our total and about our time is ours; none, or two, is Unfound.
func (c *Client) Search(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	return c.search(ctx, a.Reference, a.Amount.Minor, a.Started)
}

func (c *Client) search(ctx context.Context, reference string, minor int64, at time.Time) (pos.Answer, error) {
	r, err := c.ask(ctx, "get_history", url.Values{"timezone": {c.o.Zone.String()}})
	if err != nil {
		return pos.Answer{Reason: reasonOf(err)}, err
	}
	id, found := "", 0
	for _, rec := range history(r) {
		near := rec.at.IsZero() || at.IsZero() || (rec.at.Sub(at) < nearBy && at.Sub(rec.at) < nearBy)
		if rec.reference == reference && rec.minor == minor && rec.id != "" && near && rec.id != id {
			id = rec.id
			found++
		}
	}
	if found != 1 {
		return pos.Answer{Event: pos.Unfound, Date: r.date}, nil
	}
	return pos.Answer{Event: pos.Pend, Theirs: id, Date: r.date}, nil
}

// InquireRefund looks for the refund's own record: POS has no inquiry for refunds. A record proves that
// the refund was taken; that none is found proves nothing.
func (c *Client) InquireRefund(ctx context.Context, _ pos.Attempt, f pos.Refund) (pos.RefundAnswer, error) {
	ans, err := c.search(ctx, f.Reference, f.Amount.Minor, time.Time{})
	if err != nil {
		return pos.RefundAnswer{Reason: ans.Reason}, err
	}
	if ans.Event == pos.Unfound {
		return pos.RefundAnswer{Event: pos.RefundUnfound}, nil
	}
	return pos.RefundAnswer{Event: pos.RefundDone, Theirs: ans.Theirs}, nil
}

// record is what a line of the history says.
type record struct {
	id, reference string
	minor         int64
	at            time.Time
}

// history is the only place that knows the layout of get_history, which is not published (2.5): it takes
// every object in the reply that has an id, under the names that POS replies use elsewhere. Replace it
// when a real sample is seen.
func history(r reply) []record {
	var records []record
	var walk func(raw json.RawMessage, depth int)
	walk = func(raw json.RawMessage, depth int) {
		if depth > 6 || len(records) > 20000 {
			return
		}
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			for _, item := range list {
				walk(item, depth+1)
			}
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return
		}
		pick := func(names ...string) string {
			for _, n := range names {
				if v := scalar(object[n]); v != "" {
					return v
				}
			}
			return ""
		}
		if id := pick("transaction_id", "id"); id != "" {
			rec := record{id: id, reference: pick("reference", "merchant_reference")}
			rec.minor, _ = strconv.ParseInt(pick("total", "refund_amount", "amount"), 10, 64)
			rec.at = instant(pick("time_created", "created", "time"))
			records = append(records, rec)
			return
		}
		for _, v := range object {
			walk(v, depth+1)
		}
	}
	for _, v := range r.nested {
		walk(v, 0)
	}
	return records
}

// instant reads a time that says its zone; one that does not is no witness, because nobody says whose
// wall clock it was.
func instant(text string) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		if n >= 1e12 {
			return time.UnixMilli(n)
		}
		return time.Unix(n, 0)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
