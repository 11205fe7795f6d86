package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminal reports whether a person sits at f. A character device is not enough: /dev/null is one.
func terminal(f *os.File) bool {
	is := false
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		is = err == nil
	})
	return err == nil && is
}

// hide stops a terminal from showing what is typed until show is called: a token stays off the screen.
func hide(f *os.File) (show func()) {
	set := func(echo bool) {
		conn, err := f.SyscallConn()
		if err != nil {
			return
		}
		_ = conn.Control(func(fd uintptr) { // a terminal that cannot be told shows what is typed
			t, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
			if err != nil {
				return
			}
			if t.Lflag &^= unix.ECHO; echo {
				t.Lflag |= unix.ECHO
			}
			_ = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
		})
	}
	set(false)
	return func() { set(true) }
}
