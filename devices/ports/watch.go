package ports

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Paces of the watch.
const (
	sweepEvery = 2 * time.Second       // where the kernel does not tell
	sweepTold  = 30 * time.Second      // where it does: it may have told too much at once to keep it all
	burst      = 50 * time.Millisecond // udev makes a node, its links and its rights within moments
)

// places are the folders in which nodes and their links appear.
func (r Roots) places() []string {
	return []string{r.dev(), r.dev("serial"), r.dev("serial", "by-id"), r.dev("serial", "by-path"), r.dev("input"), r.dev("usb")}
}

// Watch calls moved when a node, a link or its rights come or go: at once where the kernel tells, and by a
// look every two seconds where it does not. An idle register is not woken for looks that the kernel makes needless.
// It returns when ctx ends. moved must not block.
func Watch(ctx context.Context, r Roots, moved func()) {
	told, again, stop := notices()
	defer stop()
	pace := sweepEvery
	if again(r.places()) {
		pace = sweepTold
	}
	last := r.fingerprint()
	sweep := time.NewTicker(pace)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
			moved()
			select { // one more look for all that follows in the same burst
			case <-ctx.Done():
				return
			case <-time.After(burst):
			}
			select {
			case <-told:
				moved()
			default:
			}
			again(r.places()) // a folder that came is watched from now on
			last = r.fingerprint()
		case <-sweep.C:
			if now := r.fingerprint(); now != last {
				last = now
				again(r.places())
				moved()
			}
		}
	}
}

// fingerprint changes when something came to or went from one of the places.
func (r Roots) fingerprint() (seen string) {
	for _, dir := range r.places() {
		info, err := os.Stat(dir)
		if err != nil {
			seen += "-;"
			continue
		}
		seen += fmt.Sprintf("%d;", info.ModTime().UnixNano())
	}
	return seen
}
