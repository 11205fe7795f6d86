//go:build !linux

package main

import "os"

// terminal reports whether a person sits at f.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// hide does nothing here: what is typed is seen.
func hide(*os.File) (show func()) { return func() {} }
