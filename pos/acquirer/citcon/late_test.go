package citcon_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/acquirer/citcon"
)

// held is a connection whose writes go out at once and come back from the system when they are let go, as on a
// machine whose processors are all busy.
type held struct {
	net.Conn
	back <-chan struct{}
}

func (h held) Write(b []byte) (int, error) {
	n, err := h.Conn.Write(b)
	<-h.back
	return n, err
}

// The shopper had paid and the cashier waited on, because the thread that wrote the charge had not come to its turn
// again. The answer does not wait for it.
func TestTheAnswerDoesNotWaitForTheWriter(t *testing.T) {
	back := make(chan struct{})
	p := listen(t, func(c net.Conn, _ []byte) {
		const paid = `{"result":"success","code":"00","transaction_id":"T1","total":"12950","method":"WeChat"}`
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(paid), paid)
	})
	c, err := citcon.New(citcon.Options{URL: "http://" + p.Addr().String() + "/posp/rest/", Token: func() (string, error) { return token, nil }, Currency: "USD",
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return held{conn, back}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	answers := make(chan pos.Answer, 1)
	go func() {
		ans, _ := c.Charge(t.Context(), charge(12950), func() error { return nil })
		answers <- ans
	}()
	select {
	case ans := <-answers:
		if ans.Event != pos.Approve {
			t.Errorf("answered %v", ans.Event)
		}
	case <-time.After(10 * time.Second):
		t.Error("the answer waits for the writer")
	}
	close(back)
}
