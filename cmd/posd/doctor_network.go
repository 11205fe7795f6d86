package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"posd/pos"
)

// serving reports whether a daemon answers where this register listens.
func (d *doctor) serving(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.cfg.Listen+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := (&http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}

// The way to the acquirer is looked at hop by hop: its name, its port, its certificate, its word.

// hop is where the acquirer is.
func (d *doctor) hop() (host, port, scheme string, args []string) {
	u, err := url.Parse(d.cfg.Acquirer.URL)
	if err != nil {
		return "", "", "", []string{"host", "", "port", ""}
	}
	host, port = u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return host, port, u.Scheme, []string{"host", host, "port", port}
}

// before is what a hop says when one before it failed.
func before(args []string) []finding { return []finding{{skipped, "before", args}} }

func (d *doctor) dns(ctx context.Context) []finding {
	host, _, _, args := d.hop()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if d.lost = err != nil || len(addresses) == 0; d.lost {
		return []finding{{broken, "name", args}}
	}
	return []finding{{wentWell, "found", append(args, "address", addresses[0])}}
}

func (d *doctor) acquirer(ctx context.Context) []finding {
	host, port, _, args := d.hop()
	if d.lost {
		return before(args)
	}
	connection, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if d.lost = err != nil; d.lost {
		return []finding{{broken, "connect", args}}
	}
	connection.Close()
	return []finding{{wentWell, "reached", args}}
}

func (d *doctor) tls(ctx context.Context) []finding {
	host, port, scheme, args := d.hop()
	switch {
	case d.lost:
		return before(args)
	case scheme == "http":
		return []finding{{worrying, "clear", args}}
	}
	roots, err := rootsOf(d.cfg.Acquirer.CAFile)
	if err != nil {
		return []finding{{broken, "certificate", append(args, "why", err.Error())}}
	}
	connection, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return before(args)
	}
	defer connection.Close()
	secure := tls.Client(connection, &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			return []finding{{broken, "certificate", append(args, "why", untrusted.Err.Error())}}
		}
		return []finding{{broken, "handshake", args}}
	}
	until := secure.ConnectionState().PeerCertificates[0].NotAfter
	return []finding{{wentWell, "trusted", append(args, "until", until.UTC().Format(time.DateOnly))}}
}

// signIn shows the token to the acquirer. It moves no money.
func (d *doctor) signIn(ctx context.Context) []finding {
	if d.parts.signIn == nil {
		return []finding{{skipped, "no_client", nil}}
	}
	err := d.parts.signIn(ctx, d.cfg)
	file := []string{"file", d.cfg.Acquirer.TokenFile}
	switch {
	case errors.Is(err, pos.ErrMisfit):
		return []finding{{broken, "refused", file}}
	case err != nil:
		return []finding{{broken, "silent", file}}
	}
	return []finding{{wentWell, "taken", file}}
}
