package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// drained is the smallest program that sends so many refunds: as many callers as may go at once, each of which
// makes a row durable, posts it over a connection that stays open, and makes the answer durable. It keeps no order
// but the one it takes them in, and survives nothing.
func drained(acquirer, caFile, file, refunds string) error {
	n, err := strconv.Atoi(refunds)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS refund (id INTEGER PRIMARY KEY, reference TEXT, state TEXT, at INTEGER);
		CREATE INDEX IF NOT EXISTS by_reference ON refund (reference);`); err != nil {
		return err
	}
	insert, err := db.Prepare(`INSERT INTO refund (reference, state, at) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	roots.AppendCertsFromPEM(pem)
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce, TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}}}}
	one := func(i int) error {
		reference := fmt.Sprintf("NYC5AV-03-261120-%05d-flor", i)
		if _, err := insert.Exec(reference, "sent", time.Now().UnixMilli()); err != nil {
			return err
		}
		form := url.Values{"token": {"x"}, "transaction_id": {fmt.Sprint("28", i)}, "refund_amount": {"500"}, "reference": {reference}}
		answer, err := web.Post(acquirer+"refund", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var said map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
			return err
		}
		_, err = insert.Exec(reference, said["result"], time.Now().UnixMilli())
		return err
	}
	next := make(chan int)
	var callers sync.WaitGroup
	for range atOnce {
		callers.Go(func() {
			for i := range next {
				if err := one(i); err != nil {
					fmt.Fprintln(os.Stderr, "drained:", err)
					os.Exit(1)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	callers.Wait()
	fmt.Println("done")
	return nil
}
