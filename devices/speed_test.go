package devices

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"posd/devices/display"
	"posd/devices/supervise"
	"posd/pos"
)

var showRounds = flag.Int("show-rounds", 2, "how often each display is told a QR; from 20 on the median must hold the target")

// From a prompt to the last byte of its page at the display, as a multiple of the time that the bytes take on the wire. A
// pseudo-terminal has no wire, so it is reckoned: a byte arrives ten bits after it was there to be sent and the one before
// it had arrived. Nobody waits for that, because a timer is late by more than the desk is.
func TestPromptToLastByte(t *testing.T) {
	for _, c := range []Config{{Driver: "nextion", Baud: 9600}, {Driver: "dwin", Baud: 115200}, {Driver: "template", Baud: 19200}, {Driver: "cd5220", Baud: 9600}} {
		s := newSocket(t)
		s.pull()
		config := aDisplay(c.Driver, s.path)
		config.Baud = c.Baud
		speak, err := displayDialect(config)
		if err != nil {
			t.Fatal(err)
		}
		arrived, orders := make(chan time.Time, 1), make(chan int, 1) // the bytes of the next page
		left := 0
		var wire time.Time // free again
		s.each = func(byte) bool {
			if now := time.Now(); now.After(wire) {
				wire = now
			}
			wire = wire.Add(display.OnWire(1, c.Baud))
			if left == 0 {
				left = <-orders
			}
			if left--; left == 0 {
				arrived <- wire
				wire = time.Time{}
			}
			return true
		}
		b := atWork(t, config)
		orders <- len(whole(t, b, config, pos.Prompt{Kind: pos.PromptIdle}))
		s.plug()
		wait(t, arrived, "first page")
		var ratios []float64
		for i := 0; i < *showRounds || i < 100 && ratios[0] > 1.5; i++ {
			p := payWith(fmt.Sprintf("https://pay.example/?q=U%06d", i))
			page, _ := b.desk.page(config, speak, p, &supervise.Tally{})
			begun := time.Now()
			orders <- len(page)
			b.desk.Show(p)
			ratios = append(ratios, float64(wait(t, arrived, "page").Sub(begun))/float64(display.OnWire(len(page), c.Baud)))
			slices.Sort(ratios)
		}
		median := ratios[len(ratios)/2]
		t.Logf("%s at %d baud: %.3f x the wire, worst %.3f", c.Driver, c.Baud, median, ratios[len(ratios)-1])
		if *showRounds >= 20 && median > 1.05 {
			t.Errorf("%s: %.3f x the wire, more than 1.05", c.Driver, median)
		}
		if ratios[0] > 1.5 { // at its best: a busy machine keeps a byte waiting
			t.Errorf("%s: never less than %.3f x the wire", c.Driver, ratios[0])
		}
	}
}
