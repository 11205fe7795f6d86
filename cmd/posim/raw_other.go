//go:build !linux

package main

import (
	"errors"
	"os"
)

// raw says that the virtual devices need Linux: elsewhere the boutique has no pseudo-terminals.
func raw(*os.File) error { return errors.ErrUnsupported }

// terminal reports whether a person sits at f.
func terminal(*os.File) bool { return false }
