package sandbox

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"posd/pos"
)

// Options say which terminal is simulated.
type Options struct {
	Token    string
	Currency pos.Currency
	BOM      bool      // prefix every answer with a byte-order mark; inquire always has one
	Rand     io.Reader // for ids; nil: the system's
}

// State is where a record stands.
type State string

// The states of a record.
const (
	Pending   State = "pending"
	Paid      State = "paid"
	Declined  State = "declined"
	Cancelled State = "cancelled"
)

// Record is one payment or refund in the ledger.
type Record struct {
	ID        string       `json:"id"`
	Reference string       `json:"reference"`
	Original  string       `json:"original,omitempty"` // a refund's payment
	Amount    int64        `json:"amount"`             // minor units, tip included
	Tip       int64        `json:"tip"`
	Refunded  int64        `json:"refunded"`
	Currency  pos.Currency `json:"currency"`
	Wallet    pos.Wallet   `json:"wallet"`
	State     State        `json:"state"`
	At        time.Time    `json:"at"`

	confirms time.Time // when the shopper confirms by itself; zero never
	polls    int       // inquiries until it is paid; 0 is not counted
	code     string    // why it was declined
	text     string
}

// Sandbox is one terminal at a simulated acquirer. It is an http.Handler; all methods may be called from
// several goroutines.
type Sandbox struct {
	o   Options
	mux *http.ServeMux

	mu       sync.Mutex
	ledger   []*Record
	consumed map[string]bool // barcodes are good once
	script   []Step          // of charges
	returns  []Step          // of refunds
	refused  bool
	hidden   bool
	arrived  int
}

// New makes a terminal that approves everything until its script says otherwise.
func New(o Options) *Sandbox {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	s := &Sandbox{o: o, mux: http.NewServeMux(), consumed: map[string]bool{}}
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"initialize": s.initialize, "sign_in": s.signIn, "pay": s.pay, "inquire": s.inquire, "gen_payment_qr": s.present,
		"refund": s.refund, "cancel": s.cancel, "get_history": s.history,
	} {
		s.mux.HandleFunc("POST /posp/rest/"+name, answer)
	}
	s.control()
	return s
}

// ServeHTTP answers, unless the line is refused: then the connection ends without a word.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refused := s.refused
	s.arrived++
	s.mu.Unlock()
	if refused && !strings.HasPrefix(r.URL.Path, "/control/") {
		panic(http.ErrAbortHandler)
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	s.mux.ServeHTTP(w, r)
}

// Script queues what the next charges meet, in order.
func (s *Sandbox) Script(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.script)+len(steps) <= 1000 {
		s.script = append(s.script, steps...)
	}
}

// ScriptRefunds queues what the next refunds meet, in order: approve, decline, lost-before, lost-after or slow.
func (s *Sandbox) ScriptRefunds(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.returns)+len(steps) <= 1000 {
		s.returns = append(s.returns, steps...)
	}
}

// Refuse cuts the line, or mends it.
func (s *Sandbox) Refuse(refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refused
}

// HideHistory makes get_history find nothing, or everything again.
func (s *Sandbox) HideHistory(hidden bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = hidden
}

// Shopper acts on the newest pending payment; ok is false when there is none.
func (s *Sandbox) Shopper(confirms bool) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Backward(s.ledger) {
		if r.State != Pending {
			continue
		}
		r.State, r.polls = Declined, 0
		if confirms {
			r.State = Paid
		}
		return true
	}
	return false
}

// Decide is what the shopper does about one pending payment; ok is false when it is not pending.
func (s *Sandbox) Decide(id string, confirms bool) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil || r.State != Pending {
		return false
	}
	r.State, r.polls = Declined, 0
	if confirms {
		r.State = Paid
	}
	return true
}

// Ledger is a copy of every record there is, oldest first.
func (s *Sandbox) Ledger() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Record, 0, len(s.ledger))
	for _, r := range s.ledger {
		r.settle(time.Now())
		out = append(out, *r)
	}
	return out
}

// Requests is how many requests arrived at all.
func (s *Sandbox) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

// settle lets a shopper who types finish.
func (r *Record) settle(now time.Time) {
	if r.State == Pending && !r.confirms.IsZero() && !now.Before(r.confirms) {
		r.State = Paid
	}
}

// find returns the record of an id, settled. The caller holds the lock.
func (s *Sandbox) find(id string) *Record {
	i := slices.IndexFunc(s.ledger, func(r *Record) bool { return r.ID == id })
	if i < 0 || id == "" {
		return nil
	}
	s.ledger[i].settle(time.Now())
	return s.ledger[i]
}

// id is twelve digits, as the samples have it, and not to be guessed from the one before.
func (s *Sandbox) id() string {
	b := make([]byte, 3)
	_, _ = io.ReadFull(s.o.Rand, b) // a seed for simulations, or the system's, which never fails
	return fmt.Sprintf("28%04d%06d", len(s.ledger)+1, (int(b[0])<<16|int(b[1])<<8|int(b[2]))%1000000)
}

// method spells the wallet as the dialect does.
func method(barcode string) (pos.Wallet, string) {
	_, family := pos.Scan{Code: pos.NewCode(barcode)}.Read()
	w, _ := family.Wallet()
	switch w {
	case pos.WeChat:
		return w, "WeChat"
	case pos.Alipay:
		return w, "Alipay"
	}
	return "", ""
}

func minor(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0
}
