package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/report"
)

// Status is where the register stands.
type Status struct {
	Register   string                `json:"register"`
	Store      string                `json:"store"`
	Version    string                `json:"version"`
	Day        pos.Date              `json:"day"`
	Currency   pos.Currency          `json:"currency"`
	Ready      bool                  `json:"ready"`
	Take       map[pos.Wallet]string `json:"take"`
	Presents   bool                  `json:"presents"` // the acquirer makes QRs that we can show
	Acquirer   AcquirerStatus        `json:"acquirer"`
	Armed      string                `json:"armed,omitempty"`
	ArmedUntil *stamp                `json:"armed_until,omitempty"`
	Unfinished int                   `json:"unfinished"`
	Owed       int                   `json:"owed"`
	Oldest     *stamp                `json:"oldest"`
	Devices    []pos.Device          `json:"devices"`
	Troubles   []Trouble             `json:"troubles"`
	Skew       int64                 `json:"clock_skew_ms"`
}

// AcquirerStatus is how the way to the acquirer stands.
type AcquirerStatus struct {
	Dialect string              `json:"dialect"`
	State   pos.ConnectionState `json:"state"`
	Since   *stamp              `json:"since"`
	Reason  string              `json:"reason"`
}

// Trouble is something a person should know.
type Trouble struct {
	Code     pos.TroubleCode `json:"code"`
	About    string          `json:"about,omitempty"`
	Severity string          `json:"severity"`
	Say      string          `json:"say"`
	Do       string          `json:"do"`
	Since    *stamp          `json:"since"`
}

func (s *Server) status(ctx context.Context, _ *struct{}) (Status, error) {
	return s.standing(ctx, askerOf(ctx).lang)
}

func (s *Server) standing(ctx context.Context, lang string) (Status, error) {
	t := s.o.Till.Standing()
	v := Status{Register: s.o.Register, Store: s.o.Store, Version: s.o.Version, Currency: s.o.Currency, Ready: t.Ready, Take: t.Take, Presents: s.o.Capabilities.Presents,
		Acquirer: s.acquirer(t.Connection), Armed: t.Armed, ArmedUntil: at(t.ArmedUntil),
		Devices: append([]pos.Device{}, s.o.Desk.Standing()...), Troubles: s.troubles(lang), Skew: t.Connection.Skew.Milliseconds()}
	day, open, err := s.o.Book.OpenDay(ctx)
	if err != nil {
		return v, err
	}
	if open {
		v.Day = day.Day
	}
	v.Owed, v.Oldest = t.Refunds, at(t.Oldest)
	sales, err := s.o.Book.Pressing(ctx)
	if err != nil {
		return v, err
	}
	for _, i := range s.items(sales, time.Now(), t.Outlooks) {
		if i.Who != "shopper" {
			v.Owed++
		}
		if i.Kind == report.ItemAttempt {
			v.Unfinished++
		}
		if v.Oldest == nil || i.Since.Before(time.Time(*v.Oldest)) {
			v.Oldest = at(i.Since)
		}
	}
	return v, nil
}

func (s *Server) acquirer(c pos.Connection) AcquirerStatus {
	return AcquirerStatus{Dialect: s.o.Capabilities.Dialect, State: c.State, Since: at(c.Since), Reason: c.Reason}
}

func (s *Server) troubles(lang string) []Trouble {
	list := []Trouble{}
	for _, t := range s.o.Health.Standing(time.Now()) {
		args := map[string]string{"about": t.About}
		for k, v := range t.Args {
			args[k] = v
		}
		id := "trouble." + string(t.Code)
		list = append(list, Trouble{t.Code, t.About, t.Severity, s.o.Words.Say(lang, id+".say", args), s.o.Words.Say(lang, id+".do", args), at(t.Since)})
	}
	return list
}

// CodeBody asks for a page of a role.
type CodeBody struct {
	Role string `json:"role,omitempty"`
}

// PageCode opens a page once, within 60 s.
type PageCode struct {
	Code string `json:"code"`
	Path string `json:"path"`
	Role string `json:"role"`
}

func (s *Server) makeCode(ctx context.Context, _ command, in CodeBody) (PageCode, error) {
	mine := askerOf(ctx).role
	if in.Role == "" {
		in.Role = mine
	}
	if !slices.Contains(Roles(), in.Role) {
		return PageCode{}, pos.Refuse("api.session_code", pos.BadRequest, "role")
	}
	if (mine == RoleCashier && in.Role != RoleCashier && in.Role != RoleDisplay) || (mine == RoleDisplay && in.Role != RoleDisplay) {
		return PageCode{}, pos.Refuse("api.session_code", pos.Forbidden, "")
	}
	path := "/"
	switch in.Role {
	case RoleDisplay:
		path = "/display"
	case RoleManager:
		path = "/manager"
	case RoleTechnician:
		path = "/technician"
	}
	return PageCode{s.codes.make(in.Role), path, in.Role}, nil
}

// DayLine is one day in the list.
type DayLine struct {
	Day    pos.Date     `json:"day"`
	Z      *int         `json:"z"`
	Closed *stamp       `json:"closed"`
	Net    []pos.Amount `json:"net"`
}

// DayList is days, newest first.
type DayList struct {
	Items []DayLine `json:"items"`
}

const listedDays = 31

func (s *Server) listDays(ctx context.Context, _ *struct{}) (DayList, error) {
	days, err := s.o.Book.Days(ctx, listedDays)
	if err != nil {
		return DayList{}, err
	}
	list := DayList{Items: []DayLine{}}
	for _, d := range days {
		r, err := s.fold(ctx, d)
		if err != nil {
			return DayList{}, err
		}
		line := DayLine{Day: d.Day, Closed: at(d.Closed), Net: r.Net}
		if d.Z > 0 {
			line.Z = &d.Z
		}
		list.Items = append(list.Items, line)
	}
	return list, nil
}

// fold reads a day's report out of the journal.
func (s *Server) fold(ctx context.Context, d pos.Day) (report.Report, error) {
	entries, err := s.o.Book.DayEntries(ctx, d.Day)
	if err != nil {
		return report.Report{}, err
	}
	r, err := report.Fold(d, entries)
	if err != nil {
		return report.Report{}, err
	}
	r.Store, r.Register, r.Zone = s.o.Store, s.o.Register, s.o.Zone.String()
	if d.Z == 0 {
		if r.NotFinal, err = s.notFinal(ctx); err != nil {
			return report.Report{}, err
		}
		head, err := s.o.Book.Head(ctx)
		if err != nil {
			return report.Report{}, err
		}
		r.Chain = report.Chain{Rows: head.Seq, Head: head.Chain}
	}
	return r, nil
}

// formats is what a day's report can be asked for as by its kind.
var formats = map[string]string{"text/plain": "text", "text/csv": "csv"}

// format is what is asked for in the address, else by its kind.
func (s *Server) format(r *http.Request) string {
	if format := r.URL.Query().Get("format"); format != "" {
		return format
	}
	return formats[strings.TrimSpace(strings.Split(r.Header.Get("Accept"), ",")[0])]
}

// showDay is the report of a day, or of the one that is open: X, the same without closing.
func (s *Server) showDay(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	day, err := s.day(ctx, r.PathValue("day"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	rep, err := s.fold(ctx, day)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	format := s.format(r)
	var write func(io.Writer) error
	switch format {
	case "", "json":
		w.Header().Set("Content-Type", "application/json")
		write = func(w io.Writer) error { return json.NewEncoder(w).Encode(rep) }
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		write = func(w io.Writer) error { return report.Text(w, rep, s.o.Words, askerOf(ctx).lang, s.o.Zone) }
	case "csv":
		name := "X"
		if rep.Z != nil {
			name = fmt.Sprintf("Z%06d", *rep.Z)
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", s.o.Register+"-"+string(rep.Day)+"-"+name+".csv"))
		write = func(w io.Writer) error { return report.CSV(w, rep, s.o.Words, askerOf(ctx).lang) }
	default:
		s.refuse(w, r, &pos.Error{Op: "api.day", Problem: pos.Unsupported, Detail: "format"})
		return
	}
	if err := write(w); err != nil {
		s.log.DebugContext(ctx, "answer", "err", err)
	}
}

func (s *Server) day(ctx context.Context, name string) (pos.Day, error) {
	if name != "current" {
		if _, err := time.Parse(time.DateOnly, name); err != nil {
			return pos.Day{}, pos.Refuse("api.day", pos.NotFound, "")
		}
		return s.o.Book.Day(ctx, pos.Date(name))
	}
	day, open, err := s.o.Book.OpenDay(ctx)
	if err == nil && !open {
		day = pos.Day{Day: pos.Date(time.Now().In(s.o.Zone).Format(time.DateOnly))} // nothing sold yet: an empty X
	}
	return day, err
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if !s.o.Till.Ready() {
		s.refuse(w, r, pos.Refuse("api.readyz", pos.StorageFailed, ""))
		return
	}
	s.healthz(w, r)
}

// metrics are a dozen series of our own in the text format that collectors read.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	t := s.o.Till.Standing()
	head, err := s.o.Book.Head(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	fmt.Fprintf(w, "posd_ready %d\nposd_acquirer_online %d\nposd_unfinished %d\nposd_journal_rows %d\nposd_troubles %d\nposd_streams %d\nposd_clock_skew_ms %d\n",
		flag(t.Ready), flag(t.Connection.State == pos.Online), t.Unfinished, head.Seq, len(s.o.Health.Standing(time.Now())), s.hub.listeners(), t.Connection.Skew.Milliseconds())
	fmt.Fprintf(w, "posd_goroutines %d\n", runtime.NumGoroutine()) // what was begun and does not end shows here first
	for _, d := range s.o.Desk.Standing() {
		l := fmt.Sprintf("{device=%q}", d.Name)
		fmt.Fprintf(w, "posd_device_ready%s %d\nposd_device_good_total%s %d\nposd_device_rejected_total%s %d\nposd_device_reopened_total%s %d\n",
			l, flag(d.State == pos.DeviceReady), l, d.Counters.Good, l, d.Counters.Rejected, l, d.Counters.Reopened)
	}
}

// docs is a page of our own: the usual ones load scripts from a foreign host.
func (s *Server) docs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	fmt.Fprint(w, `<!doctype html><html lang="en"><title>posd: the local API</title><h1>The local API</h1>
<p>The description in OpenAPI 3.1 is at <a href="/openapi.json">/openapi.json</a>; every route needs <code>Authorization: Bearer</code> with a token
of the folder <code>tokens</code> in the register's data folder. POST takes JSON alone; <code>Idempotency-Key</code> is needed where a sale is opened.
Refusals are <code>application/problem+json</code> with <code>type</code>, <code>say</code> for the cashier and <code>do</code> for the technician.</p></html>`)
}
