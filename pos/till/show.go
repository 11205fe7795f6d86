package till

import (
	"context"
	"maps"
	"runtime"
	"time"

	"posd/pos"
)

// take makes a sale the one that the customer display is about.
func (t *Till) take(id string) {
	before := t.inHand
	t.inHand = id
	if before != id {
		t.forget(before)
	}
}

// show puts a prompt on the customer display; an outcome leaves it by itself after a while. Screens that listen
// are told at the end of the turn, after what was journaled in it; a QR goes off them at once.
func (t *Till) show(p pos.Prompt) {
	p.At = time.Now().UTC()
	payable := t.prompt.QR != ""
	t.prompt, t.promptEnds = p, time.Time{}
	switch p.Kind {
	case pos.PromptPaid, pos.PromptDeclined, pos.PromptUnsent, pos.PromptCancelled:
		t.promptEnds = time.Now().Add(outcomeFor)
	}
	t.mu.Lock()
	t.standing.Prompt = p // before anybody hears of it: who begins to listen now is told this one, not the last
	t.mu.Unlock()
	t.o.Show(p)
	if t.untold = !payable; payable {
		t.o.Told("prompt", p)
	}
}

// handBack takes the sale that a shopper was paying when the till stopped back into hand, so that the customer
// display says what becomes of it.
func (t *Till) handBack() {
	if t.inHand != "" {
		return
	}
	var last *debt
	for _, d := range t.owed {
		if time.Since(d.a.Started) < handBackWithin && (last == nil || d.a.Started.After(last.a.Started)) {
			last = d
		}
	}
	if last != nil {
		t.inHand = last.sale
	}
}

// reprompt shows where the sale in hand stands now.
func (t *Till) reprompt(s *pos.Sale) {
	if s.ID != t.inHand || s.ID == t.armed {
		return
	}
	p := pos.Prompt{Kind: promptKind(s), Sale: s.ID, Amount: s.Charged()}
	if a := s.Current(); a != nil {
		switch a.State {
		case pos.Awaiting:
			if a.QR != "" {
				p.Kind, p.QR = pos.PromptQR, a.QR
			}
			p.Until = a.Started.Add(t.pace(*a).Patience)
		case pos.Held:
			if d := t.owed[a.Reference]; d != nil {
				p.Until = d.sendTill
				p.Seconds = int(time.Until(d.sendTill).Round(time.Second) / time.Second)
			}
		}
	}
	if p.Kind == t.prompt.Kind && p.Sale == t.prompt.Sale && p.QR == t.prompt.QR && p.Until.Equal(t.prompt.Until) {
		return
	}
	t.show(p)
}

func promptKind(s *pos.Sale) pos.PromptKind {
	switch s.Status() {
	case "held":
		return pos.PromptHolding
	case "sent":
		return pos.PromptSending
	case "awaiting":
		return pos.PromptConfirm
	case "checking", "cancelling":
		return pos.PromptChecking
	case "paid", "ruled_paid":
		return pos.PromptPaid
	case "declined":
		return pos.PromptDeclined
	case "unsent", "ruled_unpaid":
		return pos.PromptUnsent
	case "cancelled":
		return pos.PromptCancelled
	}
	return pos.PromptIdle
}

// publish puts a copy of where the till stands where everyone may read it, and says that the journal
// grew only after that: who hears of a commit finds a standing that knows it.
func (t *Till) publish() {
	s := pos.Standing{Ready: t.broken == nil && !t.crammed, Connection: t.connection, Armed: t.armed, Prompt: t.prompt,
		Take: map[pos.Wallet]string{}, Outlooks: make(map[string]pos.Outlook, len(t.owed))}
	if t.armed != "" {
		s.ArmedUntil = t.armedUntil
	}
	for _, w := range t.can.Wallets {
		s.Take[w] = t.takes()
	}
	for reference, d := range t.owed {
		if d.pending != nil {
			continue
		}
		o := pos.Outlook{NeedsManager: d.a.NeedsManager(t.can, time.Now()), Calling: d.calling || d.charging, Tries: d.tries, Misses: d.misses,
			Deadline: t.patienceEnds(d)}
		if d.a.State == pos.Held {
			o.Deadline = d.sendTill
		}
		if !o.Calling {
			o.Next = d.due
		}
		s.Outlooks[reference] = o
	}
	s.Refunds = len(t.back) + t.unread.owed + t.unread.left
	if len(t.back) > 0 {
		s.Oldest = t.back[0].r.Asked
	}
	s.Unfinished = len(s.Outlooks) + s.Refunds
	if len(s.Outlooks) == 0 {
		s.Outlooks = t.outlooks() // as in a drain, where a copy at every turn adds up; it is made anew, never changed
	} else {
		maps.Copy(s.Outlooks, t.outlooks())
	}
	t.mu.Lock()
	t.standing = s
	t.mu.Unlock()
	if t.last.Seq != t.told {
		t.told = t.last.Seq
		g := pos.Growth{Seq: t.told, Entries: t.grown, Sales: make(map[string]pos.Sale, len(t.changed))}
		for id, sale := range t.changed {
			g.Sales[id] = clone(*sale)
		}
		t.grown = nil
		clear(t.changed)
		t.o.Committed(g)
	}
	if t.untold {
		t.untold = false
		t.o.Told("prompt", t.prompt)
	}
	if len(t.notes) > 0 {
		runtime.Gosched() // the screens first, then the log
	}
	for _, n := range t.notes {
		t.log.Info("attempt", n...)
	}
	t.notes = t.notes[:0]
}

// note keeps what became of an attempt for the log until everybody else has been told: nobody waits for a log.
func (t *Till) note(line ...any) { t.notes = append(t.notes, line) }

// turn is one thing that the till is told, after what waited for a charge to go out.
func (t *Till) turn(ctx context.Context, f func(context.Context)) {
	t.catchUp()
	f(ctx)
}

func (t *Till) catchUp() {
	if t.unsaid != nil {
		t.unsaid()
		t.unsaid = nil
	}
}

// Standing is where the till stands; any goroutine may ask.
func (t *Till) Standing() pos.Standing {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.standing
}

// Ready reports whether sales are taken.
func (t *Till) Ready() bool { return t.Standing().Ready }

func (t *Till) takes() string {
	switch {
	case t.broken != nil || t.crammed || t.misfit || t.connection.State == pos.Offline:
		return pos.TakeNo
	case t.connection.State == pos.Degraded:
		return pos.TakeUnknown
	}
	return pos.TakeYes
}

// heard learns about the connection from a call that went out.
func (t *Till) heard(ans pos.Answer, err error) {
	if err != nil {
		reason := ans.Reason
		if reason == "" {
			reason = "timeout"
		}
		t.lost(reason)
		return
	}
	t.failures = 0
	if !ans.Misfit && t.misfit {
		t.misfit = false
		t.o.Clear(pos.TroubleAcquirerRefuses, "")
	}
	if !ans.Date.IsZero() {
		t.clocks(ans.Date)
	}
	if t.connection.State != pos.Online {
		t.connect(pos.Online, "")
		t.hurry() // the line is back: questions, cancels, refunds
	}
}

// lost counts a call that brought nothing: once is degraded, twice in a row or a dial that failed is offline.
func (t *Till) lost(reason string) {
	t.failures++
	t.flow.wide = 0
	state := pos.Degraded
	if t.failures > 1 || reason == "unreachable" {
		state = pos.Offline
	}
	t.probeAt = time.Now().Add(probeEvery)
	if t.connection.State != state {
		t.connect(state, reason)
	}
}

func (t *Till) connect(state pos.ConnectionState, reason string) {
	t.connection.State, t.connection.Reason, t.connection.Since = state, reason, time.Now()
	switch state {
	case pos.Offline:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleAcquirerUnreachable, Since: time.Now(), Args: map[string]string{"reason": reason}})
	case pos.Online:
		t.o.Clear(pos.TroubleAcquirerUnreachable, "")
	}
	t.log.Info("connection", "state", state, "reason", reason)
	t.o.Told("line", t.connection)
}

// probe opens a fresh connection and proves the credentials beside the loop. It never refuses a
// payment: it only says sooner that the line is back.
func (t *Till) probe(ctx context.Context) {
	if t.probing {
		return
	}
	t.probing = true
	t.calls.Go(func() {
		bound, cancel := context.WithTimeout(ctx, callBound)
		defer cancel()
		err := t.o.Acquirer.Ready(bound)
		t.post(ctx, func(context.Context) {
			t.probing = false
			t.probeAt = time.Now().Add(probeEvery)
			t.probed(err)
		})
	})
}

// Alive reports whether the till's goroutine still takes its turn, within ctx.
func (t *Till) Alive(ctx context.Context) bool {
	return t.post(ctx, func(context.Context) {})
}
