package scanner

import (
	"context"
	"io"
	"time"
)

// Read decodes a line until it ends, and hands each event over as soon as it is certain. Its error is
// the line's. One goroutine reads, because silence ends a line too and a read cannot be hurried; it has
// ended when Read returns, provided that closing the line unblocks it.
func Read(ctx context.Context, line io.ReadCloser, d *Decoder, found func(Event)) error {
	type chunk struct {
		b   []byte
		at  time.Time
		err error
	}
	chunks := make(chan chunk)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			b := make([]byte, 4096)
			n, err := line.Read(b)
			select {
			case chunks <- chunk{b[:n], time.Now(), err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		_ = line.Close()
		<-done
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		if end := d.Deadline(); !end.IsZero() {
			wait = max(0, time.Until(end))
		}
		timer.Reset(wait)
		var events []Event
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-chunks:
			events = d.Feed(c.b, c.at)
			if c.err != nil {
				for _, e := range events {
					found(e)
				}
				return c.err
			}
		case <-timer.C:
			events = d.Idle(time.Now())
		}
		for _, e := range events {
			found(e)
		}
	}
}
