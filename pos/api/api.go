// Package api is the register's local HTTP face: the same for the console, posctl and the POS software.
//
// It decides nothing about money. It checks who asks, turns JSON into the till's commands and the
// journal's facts into JSON, and sends nothing before its commit. It never sees a payment code longer
// than it takes to hand it to the till, and never says one back.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/health"
	"posd/pos/words"
)

// Till is what the face asks of the till.
type Till interface {
	Ready() bool
	Standing() pos.Standing
	Sell(ctx context.Context, n pos.NewSale) (pos.Sale, error)
	Arm(ctx context.Context, sale string) (pos.Sale, error)
	Scan(ctx context.Context, sale string, scan pos.Scan) (pos.Sale, error)
	Cancel(ctx context.Context, sale, by string) (pos.Sale, error)
	Present(ctx context.Context, sale string, wallet pos.Wallet) (pos.Sale, error)
	Settle(ctx context.Context, sale, tender, by string) (pos.Sale, error)
	Rule(ctx context.Context, reference string, paid bool, why, by string) (pos.Sale, error)
	Refund(ctx context.Context, n pos.NewRefund) (pos.Refund, error)
	Withdraw(ctx context.Context, id, by string) (pos.Refund, error)
	RuleRefund(ctx context.Context, id string, done bool, why, by string) (pos.Refund, error)
	CloseDay(ctx context.Context, n pos.NewClose) (pos.Day, error)
	Sync(ctx context.Context) error
}

// Book is what the face reads of the register file.
type Book interface {
	Sale(ctx context.Context, id string) (pos.Sale, error)
	SaleOf(ctx context.Context, reference string) (pos.Sale, error)
	Sales(ctx context.Context, f pos.SaleFilter) ([]pos.Sale, string, error)
	OpenSales(ctx context.Context, limit int) ([]pos.Sale, error)
	Pressing(ctx context.Context) ([]pos.Sale, error) // an attempt is unfinished, or an orphan waits
	Refunds(ctx context.Context, left bool, after int64, limit int) ([]pos.Waiting, error)
	Backlog(ctx context.Context) (pos.Backlog, error)
	Owed(ctx context.Context, after int64) ([]pos.Carried, error)
	Entries(ctx context.Context, after int64, limit int) ([]pos.Entry, error)
	DayEntries(ctx context.Context, day pos.Date) ([]pos.Entry, error)
	OpenDay(ctx context.Context) (pos.Day, bool, error)
	Day(ctx context.Context, day pos.Date) (pos.Day, error)
	Days(ctx context.Context, limit int) ([]pos.Day, error)
	Head(ctx context.Context) (pos.Head, error)
	Fingerprint(purpose string, secret []byte) string
}

// Desk is what the face asks of the hardware.
type Desk interface {
	Standing() []pos.Device
	Discover() []pos.Found
	Test(ctx context.Context, name string, slip pos.Slip) (pos.Trial, error) // may take half a minute; a printer prints the slip
	Print(ctx context.Context, slip pos.Slip) pos.Printed                    // the same; never prints twice by itself
}

// Options are what the face is made of.
type Options struct {
	Register, Store, Version string
	Currency                 pos.Currency
	Zone                     *time.Location
	Languages                []string // the cashier's, then the shopper's
	Capabilities             pos.Capabilities
	Till                     Till
	Book                     Book
	Desk                     Desk
	Health                   *health.Board
	Words                    *words.Catalogue
	Tokens                   Tokens
	Pages                    http.Handler // the console's shells, which hold no data; may be nil

	// Checks looks for everything that could keep the register from its work; nil where nobody can. One is asked
	// for at a time.
	Checks func(ctx context.Context, lang string) []Check
	Log    *slog.Logger
}

// Limits of the face.
const (
	maxBody    = 64 << 10
	maxHeader  = 16 << 10
	maxConns   = 1280
	maxStreams = 32
)

// Server is the local face.
type Server struct {
	o     Options
	log   *slog.Logger
	hub   *hub
	codes *codes

	patience patience // with strangers

	examining chan struct{} // holds whoever asks for the checks
}

// New makes a face; Run and Serve start it.
func New(o Options) *Server {
	s := &Server{o: o, log: o.Log.With("part", "api"), codes: newCodes(), examining: make(chan struct{}, 1)}
	s.hub = newHub(s)
	return s
}

// Handler is the face.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.routes(newRouter(s, mux, false))
	mux.HandleFunc("GET /v1/days/{day}", s.showDay)
	mux.HandleFunc("GET /v1/sales/{id}/slip", s.showSlip)
	mux.HandleFunc("GET /v1/events", s.events)
	mux.HandleFunc("POST /session", s.openSession)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /docs", s.docs)
	mux.HandleFunc("GET /openapi.json", s.document)
	return s.guard(mux)
}

// routes lists every route whose answer is JSON. Read it to know the API.
func (s *Server) routes(r router) {
	get(r, "/v1/status", "Where the register stands", s.status)
	post(r, "/v1/sales", 201, "Open a sale", s.openSale)
	get(r, "/v1/sales", "Find sales, newest first", s.listSales)
	get(r, "/v1/sales/{id}", "One sale", s.showSale)
	post(r, "/v1/sales/{id}/scan", 202, "Arm the scanner, or submit a code", s.scanSale)
	post(r, "/v1/sales/{id}/present", 202, "Show a QR", s.presentSale)
	post(r, "/v1/sales/{id}/cancel", 202, "Ask that the sale be not paid", s.cancelSale)
	post(r, "/v1/sales/{id}/settle", 200, "Paid some other way", s.settleSale)
	post(r, "/v1/sales/{id}/slip", 200, "Print a slip on the register's printer", s.printSlip)
	post(r, "/v1/days/{id}/slip", 200, "Print a day's report on the register's printer", s.printDay)
	post(r, "/v1/sales/{id}/refunds", 202, "Give money back", s.refundSale)
	get(r, "/v1/refunds/{id}", "One refund", s.showRefund)
	post(r, "/v1/refunds/{id}/cancel", 200, "Take a refund back that has not left", s.withdrawRefund)
	post(r, "/v1/refunds/{id}/ruling", 200, "A manager's word about a refund", s.ruleRefund)
	post(r, "/v1/attempts/{id}/ruling", 200, "A manager's word", s.ruleAttempt)
	get(r, "/v1/queue", "What waits, the oldest first", s.queue)
	post(r, "/v1/queue/sync", 202, "Try everything now", s.syncQueue)
	get(r, "/v1/days", "Days, newest first", s.listDays)
	post(r, "/v1/days/current/close", 201, "Close the day", s.closeDay)
	get(r, "/v1/devices", "The counter's hardware", s.listDevices)
	get(r, "/v1/devices/discover", "What is plugged in, and which products it may be", s.discover)
	get(r, "/v1/checks", "What could keep the register from its work, each with its fix", s.checks)
	post(r, "/v1/devices/{id}/test", 200, "Try a device", s.testDevice)
	post(r, "/v1/session-code", 201, "A one-time code that opens a page", s.makeCode)
}

// Run renders what the journal says for everyone who listens, until ctx ends.
func (s *Server) Run(ctx context.Context) error { return s.hub.run(ctx) }

// Committed says that the journal grew, and that Standing knows of it. It never blocks.
func (s *Server) Committed(g pos.Growth) { s.hub.wake(g) }

// Tell passes on what is not journaled: "device" with a pos.Device, "line" with a pos.Connection,
// "prompt" with a pos.Prompt, "trouble" with nothing. It never blocks.
func (s *Server) Tell(kind string, what any) { s.hub.tell(kind, what) }

// Serve answers on l until ctx ends, and then gives what is under way five seconds.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx }, ConnContext: withVisitor, ConnState: noted,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		bound, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := web.Shutdown(bound)
		if errors.Is(err, context.DeadlineExceeded) {
			err = web.Close()
		}
		stopped <- err
	})
	err := web.Serve(newDoor(l))
	if !stop() {
		return <-stopped
	}
	return err
}

// language is what the asker reads: ?lang= where a header cannot be set, else Accept-Language, else the
// cashier's.
func (s *Server) language(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return s.o.Words.Match(lang)
	}
	if accept := r.Header.Get("Accept-Language"); accept != "" && !strings.HasPrefix(accept, "*") {
		return s.o.Words.Match(accept)
	}
	if len(s.o.Languages) > 0 {
		return s.o.Languages[0]
	}
	return words.Fallback
}
