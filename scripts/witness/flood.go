package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// flood keeps a register's door busy until it is killed: a thousand connections that say nothing, sixty-four callers
// that ask without a token and without a pause, and one that comes 500 times a second and waits for no answer.
func flood(addr string) error {
	hold := func() {
		for {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				_, _ = io.Copy(io.Discard, c) // until it is shown out
				_ = c.Close()
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	knocks := []string{
		"GET /v1/status HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"GET /v1/sales HTTP/1.1\r\nHost: boutique.example\r\n\r\n",
		"POST /v1/sales HTTP/1.1\r\nHost: " + addr + "\r\nOrigin: http://boutique.example\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
		"GET / HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
	}
	knock := func(n int, waits bool) {
		pace := time.NewTicker(2 * time.Millisecond)
		defer pace.Stop()
		for {
			if !waits {
				<-pace.C // more would only take the processor away, which no door can forbid
			}
			c, err := net.Dial("tcp", addr)
			if err != nil {
				continue
			}
			_, _ = io.WriteString(c, knocks[n%len(knocks)])
			if waits {
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				_, _ = io.Copy(io.Discard, c)
			}
			_ = c.Close()
		}
	}
	for range 1000 {
		go hold()
	}
	for n := range 64 {
		go knock(n, true)
	}
	go knock(0, false)
	time.Sleep(500 * time.Millisecond)
	fmt.Println("flooding")
	select {}
}

// floods compares a payment on a register whose door is kept busy with one on a register that is left alone, in turn.
func floods(b *bench) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r, bank, scan, err := b.counter("flood")
	if err != nil {
		return nil, err
	}
	defer bank.stop()
	if _, err := r.start(b.posd); err != nil {
		return nil, err
	}
	defer r.stop()
	n := 0
	some := func(scans, sales *[]time.Duration) error {
		for range 10 {
			n++
			http.DefaultClient.CloseIdleConnections() // who comes now has to knock too
			began := time.Now()
			var open struct{ Items []any }
			if err := r.call("GET", "/v1/sales?limit=1", "", nil, &open); err != nil {
				return err
			}
			*sales = append(*sales, time.Since(began))
			took, err := r.pays(bank, scan, n)
			if err != nil {
				return err
			}
			*scans = append(*scans, took)
		}
		return nil
	}
	var warm, idleScans, idleSales, busyScans, busySales []time.Duration
	if err := some(&warm, &warm); err != nil {
		return nil, err
	}
	for range max(b.rounds/20, 3) {
		if err := some(&idleScans, &idleSales); err != nil {
			return nil, err
		}
		f, err := launch(self, "flood", strings.TrimPrefix(r.base, "http://"))
		if err != nil {
			return nil, err
		}
		_, err = f.says("flooding")
		if err == nil {
			err = some(&busyScans, &busySales)
		}
		f.stop()
		if err != nil {
			return nil, err
		}
	}
	payment := compare("a payment in a flood, on a register left alone", idleScans, busyScans, 2)
	payment.Note = "last scan byte to first acquirer byte; 1,000 idle connections, 64 callers without a token and a pause, 500 a second that wait for nothing"
	knock := compare("a question on a new connection in a flood", idleSales, busySales, 0)
	return []result{payment, knock}, nil
}
