package till

import (
	"context"
	"errors"
	"runtime"
	"time"

	"posd/pos"
)

var errNotHeld = errors.New("the attempt is no longer held")

// Arm makes the next scan pay this sale: until it is scanned, cancelled or 120 s have passed. It opens
// a fresh connection meanwhile, because one that idled is the likeliest to be dead.
func (t *Till) Arm(ctx context.Context, sale string) (pos.Sale, error) {
	return t.ask(ctx, "till.arm", func(ctx context.Context, answer reply) {
		defer t.forget(sale)
		s, err := t.payable(ctx, "till.arm", sale)
		if err != nil {
			answer(pos.Sale{}, err)
			return
		}
		if t.armed != "" && t.armed != sale {
			answer(pos.Sale{}, pos.Refuse("till.arm", pos.ScannerBusy, "armed for %s", t.armed))
			return
		}
		t.arm(ctx, s)
		answer(*s, nil)
	})
}

func (t *Till) arm(ctx context.Context, s *pos.Sale) {
	t.armed, t.armedUntil = s.ID, time.Now().Add(armFor)
	t.take(s.ID)
	t.show(pos.Prompt{Kind: pos.PromptScan, Sale: s.ID, Amount: s.Charged(), Until: t.armedUntil})
	t.probe(ctx)
}

// disarmFor lets go of the scanner if it waits for a sale that has just ended otherwise.
func (t *Till) disarmFor(s *pos.Sale) {
	if t.armed == s.ID {
		t.disarm()
	}
}

func (t *Till) disarm() {
	armed := t.armed
	t.armed = ""
	if t.prompt.Sale == armed && t.prompt.Kind == pos.PromptScan {
		t.show(pos.Prompt{Kind: pos.PromptIdle})
	}
	t.forget(armed)
}

// Scan takes a code that the caller scanned for this sale. It answers once the attempt is journaled:
// as sent, as held, or as never sent.
func (t *Till) Scan(ctx context.Context, sale string, scan pos.Scan) (pos.Sale, error) {
	return t.ask(ctx, "till.scan", func(ctx context.Context, answer reply) {
		defer t.forget(sale)
		s, err := t.payable(ctx, "till.scan", sale)
		if err == nil {
			err = t.begin(ctx, s, scan, answer)
		}
		if err != nil {
			answer(pos.Sale{}, err)
		}
	})
}

// Scanned takes a code off the counter's scanner. Nobody waits for an answer: what is wrong with it
// shows as a trouble and on the customer display, and is felt at the scanner.
func (t *Till) Scanned(scan pos.Scan) {
	t.post(context.Background(), func(ctx context.Context) {
		taken := t.broken == nil && t.taken(ctx, scan)
		if t.o.Felt != nil {
			t.o.Felt(scan.Device, taken)
		}
	})
}

// taken begins to pay what the scanner is armed for, and reports whether it could.
func (t *Till) taken(ctx context.Context, scan pos.Scan) bool {
	_, family := scan.Read()
	sale := t.armed
	if sale == "" {
		sale = t.heldSale() // a fresh code instead of the one that waits for the line
	}
	if sale == "" {
		t.wrong(pos.TroubleStrayScan, scan, family)
		return false
	}
	s, err := t.payable(ctx, "till.scan", sale)
	if err == nil {
		err = t.begin(ctx, s, scan, nil)
	}
	if err == nil {
		return true
	}
	t.log.WarnContext(ctx, "scan refused", "sale", sale, "err", err)
	if pos.ProblemOf(err) == pos.StorageFailed { // of the disk there is a trouble, and the code is right
		return false
	}
	t.wrong(pos.TroubleWrongCode, scan, family)
	if s != nil && t.armed == s.ID {
		t.show(pos.Prompt{Kind: pos.PromptWrongCode, Sale: s.ID, Amount: s.Charged(), Family: family, Until: t.armedUntil})
	}
	return false
}

// heldSale is the sale in hand if its code waits for the line with nothing sent.
func (t *Till) heldSale() string {
	for _, d := range t.owed {
		if d.a.State == pos.Held && d.sale == t.inHand && !d.charging {
			return d.sale
		}
	}
	return ""
}

func (t *Till) wrong(code pos.TroubleCode, scan pos.Scan, family pos.Family) {
	t.o.Trouble(pos.Trouble{Code: code, About: scan.Device, Passing: true, Since: time.Now(),
		Args: map[string]string{"family": string(family)}})
}

// payable finds a sale that may be paid now: open, and nothing in flight but a code that only waits.
func (t *Till) payable(ctx context.Context, op, id string) (*pos.Sale, error) {
	s, err := t.sale(ctx, id)
	if err != nil {
		return nil, err
	}
	if !s.Open() {
		return s, pos.Refuse(op, pos.SaleClosed, "%s", s.Status())
	}
	for _, d := range t.owed {
		if d.sale != id {
			continue
		}
		if d.a.State == pos.Held && d.pending == nil && !d.charging {
			continue
		}
		return s, &pos.Error{Op: op, Problem: pos.InFlight, Sent: d.a.State != pos.Held}
	}
	return s, t.roomy(op)
}

// begin starts an attempt with a scanned code: checks it, makes its reference and dials. The attempt
// is journaled together with its leaving, or as held when the dial takes long.
func (t *Till) begin(ctx context.Context, s *pos.Sale, scan pos.Scan, answer reply) error {
	const op = "till.scan"
	code, family := scan.Read()
	wallet, money := family.Wallet()
	switch {
	case !money || !scan.Whole:
		return &pos.Error{Op: op, Problem: pos.NotAPaymentCode, Detail: string(family)}
	case !t.can.Takes(wallet):
		return &pos.Error{Op: op, Problem: pos.WrongWallet, Detail: string(family)}
	}
	hash := t.o.Journal.Fingerprint("code", []byte(code.Reveal()))
	fresh := func() error {
		used, err := t.o.Journal.CodeUsed(ctx, hash)
		switch {
		case err != nil:
			return &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
		case used:
			return &pos.Error{Op: op, Problem: pos.UsedCode}
		}
		return nil
	}
	d, b := &debt{sale: s.ID, reply: answer, code: code}, pos.Body{Mode: pos.ByScan, Wallet: wallet, CodeHash: hash, Last4: code.Last4()}
	if t.armed != s.ID || t.owes(s.ID) {
		if err := fresh(); err != nil {
			return err
		}
		return t.start(ctx, op, s, d, b)
	}
	// The call is made ready while we look. It leaves in a later turn of ours, or not at all.
	err := t.start(ctx, op, s, d, b)
	if err == nil {
		if err = fresh(); err != nil {
			t.withdraw(ctx, d)
			t.armed = s.ID
		}
	}
	return err
}

// withdraw takes an attempt back of which nobody knows yet, and which has asked for no leave.
func (t *Till) withdraw(ctx context.Context, d *debt) {
	d.withdrawn = true
	d.stop()
	delete(t.owed, d.a.Reference)
	t.probe(ctx) // the call may have taken the fresh connection with it
}

// start makes an attempt and dials. A code that still waits for the line gives way to it.
func (t *Till) start(ctx context.Context, op string, s *pos.Sale, d *debt, b pos.Body) error {
	t.take(s.ID) // in hand from here on: what follows must not forget it
	for _, held := range t.owed {
		if held.sale == s.ID && held.a.State == pos.Held {
			if err := t.learn(ctx, held.a.Reference, pos.Answer{Event: pos.GiveUp, Reason: "fresh_code"}); err != nil {
				return &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
			}
		}
	}
	reference, err := t.reference(ctx)
	if err != nil {
		return &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
	}
	now, charged := time.Now(), s.Charged()
	b.Amount, b.Currency, b.Tip = charged.Minor, charged.Currency, s.Tip
	d.pending = &pos.Entry{Kind: pos.AttemptHeld, Sale: s.ID, Reference: reference, Body: b}
	d.a = pos.Attempt{Reference: reference, Sale: s.ID, Mode: b.Mode, Wallet: b.Wallet, Amount: charged, Tip: s.Tip, Last4: b.Last4,
		State: pos.Held, Started: now, Since: now}
	d.sendTill, d.due = now.Add(t.o.Hold), now.Add(soonHeld)
	t.owed[reference] = d
	if t.armed == s.ID {
		t.armed = ""
	}
	t.charge(ctx, d) // and only then a word about it: its leaving, or its being slow, is shown
	runtime.Gosched()
	return nil
}

// started is the entry that begins the attempt while it is unwritten, with what follows.
func (t *Till) started(d *debt, then ...pos.Entry) []pos.Entry {
	if d.pending == nil {
		return then
	}
	return append([]pos.Entry{*d.pending}, then...)
}

// send dials for a held code again, or lets it lapse when its time is over.
func (t *Till) send(ctx context.Context, d *debt, now time.Time) {
	if (d.code.Reveal() == "" && d.a.Mode == pos.ByScan) || !now.Before(d.sendTill) {
		t.lapse(ctx, d, "expired_code")
		return
	}
	t.charge(ctx, d)
}

// charge calls the acquirer beside the loop. Nothing leaves before the loop has journaled it.
func (t *Till) charge(ctx context.Context, d *debt) {
	reference := d.a.Reference
	c := pos.Charge{Attempt: d.a, Code: d.code}
	bound, stop := context.WithTimeout(ctx, callBound)
	d.charging, d.stop, d.stayed = true, stop, false // what an earlier call left undone says nothing of this one
	t.calls.Go(func() {
		defer stop()
		left, leaveErr := false, error(nil)
		began := time.Now()
		ans, err := t.ring(bound, c, func() error {
			if left {
				return errNotHeld // called twice: a client's bug must not send twice
			}
			left = true
			leaveErr = t.leave(bound, reference)
			return leaveErr
		})
		if ctx.Err() != nil {
			return // we are stopping: what left is unfinished on disk, what did not lapses at the next start
		}
		t.post(ctx, func(ctx context.Context) {
			if err != nil && !d.withdrawn {
				t.log.WarnContext(ctx, "charge without an answer", "ref", reference, "err", err, "took", time.Since(began))
			}
			t.charged(ctx, reference, left, leaveErr, ans, err)
		})
	})
}

// leave journals that the charge is about to go; only then may bytes go. It runs in the call's goroutine.
func (t *Till) leave(ctx context.Context, reference string) error {
	done := make(chan error, 1)
	ok := t.post(ctx, func(ctx context.Context) {
		d := t.owed[reference]
		if t.broken != nil || d == nil || d.a.State != pos.Held {
			done <- errNotHeld
			return
		}
		e := pos.Entry{Kind: pos.KindOf(pos.Leave), Sale: d.sale, Reference: reference, Body: pos.Body{To: pos.Sent.String()}}
		err := t.commit(ctx, t.started(d, e)...)
		done <- err
		runtime.Gosched() // the charge goes out first, then we talk about it
		if err == nil {
			d.code = pos.Code{} // from here on only the acquirer can turn it into money
			s := t.sales[d.sale]
			t.unsaid = func() {
				d.answer(*s, nil)
				if t.sales[s.ID] == s { // the file was not read again meanwhile
					t.reprompt(s)
				}
			}
			t.note("ref", reference, "sale", d.sale, "event", pos.Leave, "from", pos.Held, "state", pos.Sent)
		}
	})
	if !ok {
		return errNotHeld
	}
	select {
	case err := <-done:
		return err
	case <-t.ended:
		return errNotHeld
	}
}

// charged learns from the end of a charge call.
func (t *Till) charged(ctx context.Context, reference string, left bool, leaveErr error, ans pos.Answer, err error) {
	d := t.owed[reference]
	if d == nil { // ruled, cancelled while dialling, or never written
		if left && leaveErr == nil && err == nil {
			_ = t.learn(ctx, reference, ans)
		}
		return
	}
	d.charging, d.stop, d.due = false, nil, time.Now()
	switch {
	case !left: // certain, also of a client that answers without having asked to leave
		t.lost("unreachable")
		t.heldBack(ctx, d)
	case leaveErr != nil:
		d.stayed = true
		ans = pos.Answer{Event: pos.NotLeft, Reason: "not_left"}
		if d.a.State == pos.Held {
			t.heldBack(ctx, d)
			return
		}
		_ = t.learn(ctx, reference, ans)
	default:
		if ans.Event == pos.NotLeft {
			t.lost("cut")
		} else {
			t.heard(ans, err)
		}
		if err != nil || ans.Event == pos.Absent || ans.Event == 0 {
			ans.Event, ans.Paid = pos.Silence, nil
		}
		_ = t.learn(ctx, reference, unshown(d.a, ans))
	}
}

// heldBack follows a dial that failed with nothing sent: wait for the line while the code lives, else
// it was certainly not charged.
func (t *Till) heldBack(ctx context.Context, d *debt) {
	if d.a.State != pos.Held {
		return
	}
	again := time.Now().Add(holdEvery)
	if t.broken != nil || !again.Before(d.sendTill) {
		t.lapse(ctx, d, "unreachable")
		return
	}
	if d.pending != nil && t.commit(ctx, t.started(d)...) != nil {
		return
	}
	s := t.sales[d.sale]
	d.answer(*s, nil)
	d.due = again
	t.reprompt(s)
}

// lapse ends a held attempt: nothing left this machine, and nothing will.
func (t *Till) lapse(ctx context.Context, d *debt, reason string) {
	s := t.sales[d.sale]
	e := pos.Entry{Kind: pos.KindOf(pos.Lapse), Sale: d.sale, Reference: d.a.Reference,
		Body: pos.Body{To: pos.Unsent.String(), Reason: reason, Wallet: d.a.Wallet, Amount: d.a.Amount.Minor, Currency: d.a.Amount.Currency}}
	if err := t.commit(ctx, t.started(d, e)...); err != nil {
		d.answer(pos.Sale{}, &pos.Error{Op: "till.scan", Problem: pos.StorageFailed, Err: err})
		return
	}
	delete(t.owed, d.a.Reference)
	t.log.InfoContext(ctx, "attempt", "ref", d.a.Reference, "sale", d.sale, "event", pos.Lapse, "from", pos.Held, "state", pos.Unsent, "reason", reason)
	d.answer(*s, nil)
	t.reprompt(s)
	t.forget(s.ID)
}
