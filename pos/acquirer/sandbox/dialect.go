package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Codes that are ours: those for bad input are not published.
const (
	codeBadInput = "X1"
	codeDeclined = "D2"
	codeRefused  = "A3" // refund, as the vendor's tests expect it
	codeNoCancel = "E4"
)

// fields are one reply.
type fields map[string]any

// reply answers with status 200, whatever it says, and with a byte-order mark where one is due.
func (s *Sandbox) reply(w http.ResponseWriter, bom bool, f fields) {
	b, err := json.Marshal(f)
	if err != nil {
		b = []byte("{}")
	}
	if bom || s.o.BOM {
		b = append([]byte("\xef\xbb\xbf"), b...)
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8") // the samples do not rely on it
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(b)
}

func fail(code, text string) fields {
	f := fields{"result": "fail", "error_message": text}
	if code != "" {
		f["code"] = code
	}
	return f
}

// known refuses a request without our token.
func (s *Sandbox) known(w http.ResponseWriter, r *http.Request, field string) bool {
	if strings.EqualFold(r.PostFormValue(field), s.o.Token) {
		return true
	}
	s.reply(w, false, fail(codeBadInput, "Invalid token"))
	return false
}

func (s *Sandbox) initialize(w http.ResponseWriter, r *http.Request) {
	if s.known(w, r, "store_code") {
		s.reply(w, false, fields{"result": "success", "token": s.o.Token, "name_eng": "Maison NYC", "name_chn": "纽约精品店"})
	}
}

func (s *Sandbox) signIn(w http.ResponseWriter, r *http.Request) {
	if s.known(w, r, "token") {
		s.reply(w, false, fields{"result": "success"})
	}
}

// pay charges a scanned code, as the script has it.
func (s *Sandbox) pay(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	step := s.step(&s.script)
	if step.Do == LostBefore {
		hold(r, step.For)
		panic(http.ErrAbortHandler)
	}
	f, rec := s.charge(r, step)
	if rec == nil {
		s.reply(w, false, f)
		return
	}
	s.deliver(w, r, step, f)
}

// charge puts the payment into the ledger and words the reply.
func (s *Sandbox) charge(r *http.Request, step Step) (fields, *Record) {
	barcode := r.PostFormValue("barcode")
	total, ok := minor(r.PostFormValue("total"))
	tip, _ := strconv.ParseInt(r.PostFormValue("tip"), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	wallet, spelling := method(barcode)
	switch {
	case barcode == "" || !ok || r.PostFormValue("currency") != string(s.o.Currency):
		return fail(codeBadInput, "Bad request"), nil
	case strings.HasPrefix(barcode, "hQVDUFY"):
		return fail(codeBadInput, "[scanCodeId]DATA_FORMAT_ERROR"), nil
	case s.consumed[barcode]:
		f := fail(codeDeclined, "AUTH_CODE_INVALID: barcode already used")
		f["method"] = spelling
		return f, nil
	case wallet == "":
		return fail(codeDeclined, "Invalid barcode"), nil
	}
	s.consumed[barcode] = true
	rec := &Record{ID: s.id(), Reference: r.PostFormValue("reference"), Amount: total, Tip: tip, Currency: s.o.Currency, Wallet: wallet,
		State: Paid, At: time.Now().UTC()}
	switch step.Do {
	case Password:
		rec.State, rec.confirms = Pending, time.Now().Add(step.For)
	case Polls:
		rec.State, rec.polls = Pending, max(step.N, 1)
	case Never:
		rec.State = Pending
	case Decline:
		rec.State, rec.code, rec.text = Declined, codeDeclined, "Payment declined"
		if step.Code != "" {
			rec.code = step.Code
		}
		if step.Text != "" {
			rec.text = step.Text
		}
	}
	s.ledger = append(s.ledger, rec)
	f := receipt(rec, spelling)
	f["pos_local_time"] = r.PostFormValue("pos_local_time")
	f["terminal_id"] = "T-001"
	if step.Do == WrongAmount {
		f["total"] = strconv.FormatInt(total+1, 10)
	}
	return f, rec
}

// receipt is how pay and inquire word a record. Totals are text in one place and numbers in the other:
// the types are not pinned down, and a client must take both.
func receipt(rec *Record, spelling string) fields {
	f := fields{"transaction_id": rec.ID, "method": spelling, "merchant_id": "M-100"}
	switch rec.State {
	case Paid:
		f["result"], f["code"] = "success", "00"
		f["total"], f["tip"], f["subtotal"] = strconv.FormatInt(rec.Amount, 10), strconv.FormatInt(rec.Tip, 10), strconv.FormatInt(rec.Amount-rec.Tip, 10)
	case Pending:
		f["result"], f["code"], f["error_message"] = "fail", "09", "Waiting for the shopper"
	case Declined:
		f["result"], f["code"], f["error_message"] = "fail", rec.code, rec.text
	case Cancelled:
		f["result"], f["code"], f["error_message"] = "fail", codeNoCancel, "Order was cancelled"
	}
	return f
}

func (s *Sandbox) inquire(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	s.mu.Lock()
	rec := s.find(r.PostFormValue("transaction_id"))
	f := fail(codeBadInput, "Original transaction not found")
	if rec != nil {
		if rec.State == Pending && rec.polls > 0 {
			if rec.polls--; rec.polls == 0 {
				rec.State = Paid
			}
		}
		spelling := "WeChat"
		if rec.Wallet != "wechat" {
			spelling = "Alipay"
		}
		f = receipt(rec, spelling)
		if rec.State == Paid {
			f["total"], f["tip"] = rec.Amount, rec.Tip
		}
		if rec.State == Declined && rec.code == "" {
			f["code"], f["error_message"] = codeDeclined, "Payment declined"
		}
	}
	s.mu.Unlock()
	s.reply(w, true, f)
}

// present makes a QR that serves every wallet. Its address ends in the id, as the online platform's do.
func (s *Sandbox) present(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	total, ok := minor(r.PostFormValue("total"))
	if !ok {
		s.reply(w, false, fail(codeBadInput, "Bad total"))
		return
	}
	s.mu.Lock()
	rec := &Record{ID: "U" + s.id(), Reference: r.PostFormValue("reference"), Amount: total, Currency: s.o.Currency, State: Pending, At: time.Now().UTC()}
	s.ledger = append(s.ledger, rec)
	s.mu.Unlock()
	s.reply(w, false, fields{"result": "success", "qr_code": "https://uat.citconpay.com/qr?q=" + rec.ID})
}

func (s *Sandbox) cancel(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	s.mu.Lock()
	rec := s.find(r.PostFormValue("transaction_id"))
	f := fail(codeNoCancel, "Cancel failed")
	if rec != nil && rec.Original == "" && (rec.State == Pending || rec.State == Cancelled) {
		rec.State = Cancelled
		f = fields{"result": "success", "code": "00", "transaction_id": rec.ID}
	}
	s.mu.Unlock()
	s.reply(w, false, f)
}

func (s *Sandbox) refund(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	step := s.step(&s.returns)
	if step.Do == LostBefore {
		hold(r, step.For)
		panic(http.ErrAbortHandler)
	}
	amount, ok := minor(r.PostFormValue("refund_amount"))
	s.mu.Lock()
	rec := s.find(r.PostFormValue("transaction_id"))
	var f fields
	switch {
	case rec == nil || rec.Original != "":
		f = fail(codeRefused, "Original transaction not found or already refunded")
	case !ok || rec.State != Paid || amount > rec.Amount-rec.Refunded || step.Do == Decline:
		f = fail(codeRefused, "Refund refused")
	default:
		rec.Refunded += amount
		back := &Record{ID: s.id(), Reference: r.PostFormValue("reference"), Original: rec.ID, Amount: amount, Currency: rec.Currency,
			Wallet: rec.Wallet, State: Paid, At: time.Now().UTC()}
		s.ledger = append(s.ledger, back)
		f = fields{"result": "success", "code": "00", "transaction_id": back.ID, "original_transaction_id": rec.ID,
			"reference": back.Reference, "original_reference": rec.Reference}
	}
	s.mu.Unlock()
	s.deliver(w, r, step, f)
}

// maxHistory is how many records one answer lists, newest first.
const maxHistory = 500

func (s *Sandbox) history(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "token") {
		return
	}
	s.mu.Lock()
	list := []fields{}
	for i := len(s.ledger) - 1; i >= 0 && len(list) < maxHistory && !s.hidden; i-- {
		rec := s.ledger[i]
		list = append(list, fields{"transaction_id": rec.ID, "reference": rec.Reference, "total": rec.Amount, "time_created": rec.At.Format(time.RFC3339)})
	}
	s.mu.Unlock()
	s.reply(w, false, fields{"result": "success", "transactions": list})
}
