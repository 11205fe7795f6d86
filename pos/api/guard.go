package api

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"

	"posd/pos"
)

// asker is who asks, in which language.
type asker struct {
	role string // cashier, manager, technician, display; empty where none is needed
	lang string
}

type askerKey struct{}

func askerOf(ctx context.Context) asker {
	a, _ := ctx.Value(askerKey{}).(asker)
	return a
}

// free are the routes that need no token: they tell nothing and change nothing but a session, which
// needs its own one-time code.
var free = map[string]bool{"/healthz": true, "/readyz": true, "/session": true}

// guard stands before every route, in this order: Host, Origin, token, kind and size of the body. A
// page of another site that guesses our port gets no answer it can use and changes nothing.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asker{lang: s.language(r)}
		r = r.WithContext(context.WithValue(r.Context(), askerKey{}, a))
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		port := localPort(r)
		if !ours(r.Host, port) {
			s.turnAway(w, r, pos.Refuse("api.guard", pos.BadHost, ""))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !ours(strings.TrimPrefix(origin, "http://"), port) {
			s.turnAway(w, r, pos.Refuse("api.guard", pos.BadOrigin, ""))
			return
		}
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "none", "same-origin":
		default:
			s.turnAway(w, r, pos.Refuse("api.guard", pos.BadOrigin, ""))
			return
		}
		role, known := s.who(r)
		if known {
			knows(r.Context())
		}
		page := s.o.Pages != nil && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/v1/") && !routed[r.URL.Path]
		if !known && (page || free[r.URL.Path]) {
			s.flooded(r.Context())
		}
		if page {
			s.o.Pages.ServeHTTP(w, r)
			return
		}
		if !free[r.URL.Path] {
			if !known {
				s.turnAway(w, r, pos.Refuse("api.guard", pos.Unauthorized, ""))
				return
			}
			a.role = role
			r = r.WithContext(context.WithValue(r.Context(), askerKey{}, a))
		}
		if r.Method == http.MethodPost {
			if a.role == RoleDisplay && r.URL.Path != "/v1/session-code" { // it may open itself again, and nothing else
				s.refuse(w, r, pos.Refuse("api.guard", pos.Forbidden, ""))
				return
			}
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				s.refuse(w, r, pos.Refuse("api.guard", pos.UnsupportedMedia, ""))
				return
			}
			if r.ContentLength > maxBody {
				s.refuse(w, r, pos.Refuse("api.guard", pos.TooLarge, ""))
				return
			}
			patient(w, r)
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)) // whole, or not at all: no route waits for the rest
			if err != nil {
				s.refuse(w, r, badBody(err))
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		patient(w, r)
		next.ServeHTTP(&plainly{ResponseWriter: w, s: s, r: r}, r)
	})
}

// routed are the paths outside /v1 that are routes of ours and not pages.
var routed = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true, "/docs": true, "/session": true, "/openapi.json": true}

// ours reports whether a host is one of the names of loopback with our port.
func ours(host, port string) bool {
	name, got, err := net.SplitHostPort(host)
	return err == nil && got == port && (name == "127.0.0.1" || name == "localhost" || name == "::1")
}

func localPort(r *http.Request) string {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return ""
	}
	_, port, _ := net.SplitHostPort(addr.String())
	return port
}

// plainly turns the router's own plain-text refusals into problems.
type plainly struct {
	http.ResponseWriter
	s    *Server
	r    *http.Request
	done bool
}

func (p *plainly) WriteHeader(status int) {
	kind := p.Header().Get("Content-Type")
	if strings.HasPrefix(kind, "text/plain; charset=utf-8") && p.Header().Get("X-Content-Type-Options") == "nosniff" {
		switch status {
		case http.StatusNotFound:
			p.done = true
			p.s.refuse(p.ResponseWriter, p.r, pos.Refuse("api.route", pos.NotFound, ""))
			return
		case http.StatusMethodNotAllowed:
			p.done = true
			p.s.refuse(p.ResponseWriter, p.r, pos.Refuse("api.route", pos.MethodNotAllowed, ""))
			return
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *plainly) Write(b []byte) (int, error) {
	if p.done {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}

func (p *plainly) Unwrap() http.ResponseWriter { return p.ResponseWriter }
