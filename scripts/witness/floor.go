package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"go.bug.st/serial"
)

// floor is the smallest program that does what stands between a scan and a payment: read a line off a
// serial port, make one row durable, post it to the acquirer, make the answer durable, tell one listener.
// It checks nothing, keeps no state and survives nothing.
func floor(port, acquirer, caFile, file string) error {
	db, err := sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS payment (id INTEGER PRIMARY KEY, reference TEXT, state TEXT, at INTEGER, body TEXT);
		CREATE INDEX IF NOT EXISTS by_reference ON payment (reference); CREATE INDEX IF NOT EXISTS by_state ON payment (state, at);`); err != nil {
		return err
	}
	insert, err := db.Prepare(`INSERT INTO payment (reference, state, at, body) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	listeners := make(chan string, 16)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		rc := http.NewResponseController(w)
		io.WriteString(w, ": hello\n\n")
		rc.Flush()
		for {
			select {
			case text := <-listeners:
				fmt.Fprintf(w, "event: sale\ndata: %s\n\n", text)
				rc.Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	fmt.Printf("listening %s\n", l.Addr())
	if port == "" { // idle: nothing plugged in
		select {}
	}
	line, err := serial.Open(port, &serial.Mode{BaudRate: 9600})
	if err != nil {
		return err
	}
	if acquirer == "" {
		_, err := io.Copy(io.Discard, line)
		return err
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	roots.AppendCertsFromPEM(pem)
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}}}}
	if answer, err := web.Post(acquirer+"sign_in", "application/x-www-form-urlencoded", strings.NewReader("token=x")); err == nil {
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	fmt.Println("ready")
	b, code := make([]byte, 256), ""
	for n := 0; ; {
		read, err := line.Read(b)
		if err != nil {
			return err
		}
		code += string(b[:read])
		i := strings.IndexByte(code, '\r')
		if i < 0 {
			continue
		}
		n++
		reference := fmt.Sprintf("NYC5AV-03-261120-%05d-flor", n)
		if _, err := insert.Exec(reference, "sent", time.Now().UnixMilli(), `{"amount":12950}`); err != nil {
			return err
		}
		form := url.Values{"token": {"x"}, "barcode": {code[:i]}, "currency": {"USD"}, "total": {"12950"}, "reference": {reference}}
		code = code[i+1:]
		answer, err := web.Post(acquirer+"pay", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		var said map[string]any
		err = json.NewDecoder(answer.Body).Decode(&said)
		answer.Body.Close()
		if err != nil {
			return err
		}
		if _, err := insert.Exec(reference, "paid", time.Now().UnixMilli(), fmt.Sprintf(`{"theirs":%q}`, said["transaction_id"])); err != nil {
			return err
		}
		listeners <- `{"status":"paid"}`
	}
}
