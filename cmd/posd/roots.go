package main

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
)

// rootsOf reads the certificates to trust instead of the system's; an empty path is the system's.
func rootsOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	if !filepath.IsAbs(file) {
		return nil, errors.New("is not a whole path")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New("cannot be read: " + reason(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("holds no PEM certificate")
	}
	return pool, nil
}
