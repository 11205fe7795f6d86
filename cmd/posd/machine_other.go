//go:build !linux

package main

import (
	"errors"
	"os"
)

func diskOf(string) (disk, error) { return disk{}, errors.ErrUnsupported }

func mayOpen(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func groupOf(string) string { return "dialout" }

func userID() int { return os.Getuid() }

func keptTime() (kept, known bool) { return false, false }
