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

// acquirer goes the way to the acquirer hop by hop and names the first that fails.
func (d *doctor) acquirer(ctx context.Context) []finding {
	u, err := url.Parse(d.cfg.Acquirer.URL)
	if err != nil {
		return []finding{{broken, "name", []string{"host", ""}}}
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	args := []string{"host", host, "port", port}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil || len(addresses) == 0 {
		return []finding{{broken, "name", args}}
	}
	connection, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return []finding{{broken, "connect", args}}
	}
	defer connection.Close()
	if u.Scheme == "http" {
		return []finding{{worrying, "clear", args}}
	}
	roots, err := rootsOf(d.cfg.Acquirer.CAFile)
	if err != nil {
		return []finding{{broken, "certificate", append(args, "why", err.Error())}}
	}
	secure := tls.Client(connection, &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			return []finding{{broken, "certificate", append(args, "why", untrusted.Err.Error())}}
		}
		return []finding{{broken, "handshake", args}}
	}
	until := secure.ConnectionState().PeerCertificates[0].NotAfter
	return []finding{{wentWell, "reached", append(args, "until", until.UTC().Format(time.DateOnly))}}
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
