//go:build !linux

package main

import (
	"errors"
	"os"
)

// raw says that the virtual devices need Linux: elsewhere the boutique has no pseudo-terminals.
func raw(*os.File) error { return errors.ErrUnsupported }

// polled is never reached: raw has said so before.
func polled(f *os.File) (*os.File, error) { return f, nil }

// terminal reports whether a person sits at f.
func terminal(*os.File) bool { return false }
