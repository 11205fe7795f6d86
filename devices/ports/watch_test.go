package ports

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"
)

// watched runs a watch and gives what it tells.
func watched(t *testing.T, m tree) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(done)
		Watch(ctx, m.Roots, func() { told <- struct{}{} })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return told
}

func await(t *testing.T, told <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-told:
	case <-time.After(10 * time.Second):
		t.Fatalf("nobody was told: %s", what)
	}
}

// A scanner is plugged in where there was none, gets its link and its rights, and goes again: each is told.
func TestHotPlug(t *testing.T) {
	m := newTree(t)
	told := watched(t, m)
	for begun := false; !begun; { // until the watch has begun, which nobody can see from outside
		m.file(m.dev("ttyACM9"), "")
		m.must(os.Remove(m.dev("ttyACM9")))
		select {
		case <-told:
			begun = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	quiet(told)
	m.node("ttyACM0", "usb-Honeywell-if00", "")
	await(t, told, "a node and the folder of its link")
	quiet(told)
	m.must(os.Chmod(m.dev("ttyACM0"), 0o660))
	await(t, told, "udev gives the rights")
	quiet(told)
	m.must(os.Remove(m.dev("serial/by-id/usb-Honeywell-if00")))
	await(t, told, "a link goes, in a folder that came later")
	quiet(told)
	m.must(os.Remove(m.dev("ttyACM0")))
	await(t, told, "the node goes")
}

// quiet waits until a burst is over.
func quiet(told <-chan struct{}) {
	for {
		select {
		case <-told:
		case <-time.After(4 * burst):
			return
		}
	}
}

// Where the kernel does not tell, a look every two seconds does: what came in between changes the print.
func TestTheSweepSees(t *testing.T) {
	m := newTree(t)
	before := ""
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"a node comes", func() { m.file(m.dev("ttyUSB0"), "") }},
		{"a folder comes", func() { m.folder(m.dev("serial/by-id")) }},
		{"everything is gone", func() { m.must(os.RemoveAll(m.dev())) }},
	} {
		long := time.Now().Add(-time.Hour) // a coarse clock could stamp both looks alike
		m.must(os.Chtimes(m.dev(), long, long))
		before = m.fingerprint()
		step.do()
		after := m.fingerprint()
		if after == before {
			t.Errorf("%s: nothing was seen", step.name)
		}
		before = after
	}
	if m.fingerprint() != before {
		t.Error("something was seen where nothing moved")
	}
}

// An idle register was woken every two seconds to look at folders that the kernel watches already. Where the kernel
// will not, as for a folder that is not there, the looks go on.
func TestNoLooksWhereTheKernelTells(t *testing.T) {
	m := newTree(t)
	_, again, stop := notices()
	defer stop()
	if told := again(m.places()); told != (runtime.GOOS == "linux") {
		t.Errorf("the kernel tells: %v", told)
	}
	if again([]string{m.dev("nowhere"), m.dev()}) {
		t.Error("it tells of a folder that is not there")
	}
}
