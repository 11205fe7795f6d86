package till

import (
	"context"

	"posd/pos"
)

// Present asks for a QR that the shopper scans, and shows it once the answer that brought it is
// journaled. It answers once the attempt is journaled; the QR arrives as an event.
func (t *Till) Present(ctx context.Context, sale string, wallet pos.Wallet) (pos.Sale, error) {
	const op = "till.present"
	return t.ask(ctx, op, func(ctx context.Context, answer reply) {
		defer t.forget(sale)
		s, err := t.payable(ctx, op, sale)
		switch {
		case err != nil:
		case !t.can.Presents:
			err = pos.Refuse(op, pos.Unsupported, "the dialect makes no QR")
		case wallet != "" && !t.can.Takes(wallet):
			err = pos.Refuse(op, pos.WrongWallet, "%s", wallet)
		case t.armed != "" && t.armed != sale:
			err = pos.Refuse(op, pos.ScannerBusy, "armed for %s", t.armed)
		default:
			err = t.start(ctx, op, s, &debt{sale: s.ID, reply: answer}, pos.Body{Mode: pos.Present, Wallet: wallet})
		}
		if err != nil {
			answer(pos.Sale{}, err)
		}
	})
}

// ring makes the one call that can take money: by the shopper's code, or for a QR of ours.
func (t *Till) ring(ctx context.Context, c pos.Charge, leaving func() error) (pos.Answer, error) {
	if c.Mode == pos.Present {
		return t.o.Acquirer.Present(ctx, c.Attempt, leaving)
	}
	return t.o.Acquirer.Charge(ctx, c, leaving)
}

// unshown reads the end of a call for a QR: without a journaled answer no shopper can have seen it, so a
// lost one is certainty. A QR that was given up while it was on its way is not kept.
func unshown(a pos.Attempt, ans pos.Answer) pos.Answer {
	if a.Mode != pos.Present || a.QR != "" {
		return ans
	}
	switch {
	case ans.Event == pos.Silence, ans.Event == pos.Pend && ans.QR == "":
		ans.Event = pos.Unshown
	case a.State != pos.Sent:
		ans.QR = ""
	}
	return ans
}

// cover takes a QR off the customer display. It comes before anything else that giving up needs: nobody
// may scan what is about to be cancelled.
func (t *Till) cover(s *pos.Sale) {
	if t.prompt.Kind == pos.PromptQR && t.prompt.Sale == s.ID {
		t.show(pos.Prompt{Kind: pos.PromptChecking, Sale: s.ID, Amount: s.Charged()})
	}
}
