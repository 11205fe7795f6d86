package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// boutique is everything around a register that it does not own.
type boutique struct {
	bank    *bank
	screen  glass
	gun     gun
	printer *printer
	cables  map[string]*cable // "scanner", "display" and "printer"
	last    string            // what was scanned last
	places  places
	server  *http.Server
	served  chan error
	address string // of the acquirer's side
}

// places is where the register finds the boutique.
type places struct {
	Acquirer  string `json:"acquirer"`
	Control   string `json:"control"`
	TokenFile string `json:"token_file"`
	Scanner   string `json:"scanner"`
	Display   string `json:"display"`
	Printer   string `json:"printer"`
}

// closeWithin bounds the end: an answer that is being delayed is then cut.
const closeWithin = 2 * time.Second

// open builds the boutique in dir and serves the acquirer on listen, which must be loopback: whoever
// reaches it decides what is paid.
func open(ctx context.Context, listen, dir, display, scanner string) (_ *boutique, err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", listen, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen %s: only a loopback address, such as 127.0.0.1:0", listen)
	}
	made, known := glasses()[display]
	if !known {
		return nil, fmt.Errorf("--display %s: write one of %s", display, strings.Join(slices.Sorted(maps.Keys(glasses())), ", "))
	}
	scans, known := guns()[scanner]
	if !known {
		return nil, fmt.Errorf("--scanner %s: write one of %s", scanner, strings.Join(slices.Sorted(maps.Keys(guns())), ", "))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	at := places{TokenFile: filepath.Join(dir, "acquirer.token"), Scanner: filepath.Join(dir, "scanner"), Display: filepath.Join(dir, "display"), Printer: filepath.Join(dir, "printer")}
	if err := os.WriteFile(at.TokenFile, []byte(bankToken+"\n"), 0o600); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, err
	}
	at.Acquirer = "http://" + listener.Addr().String() + "/posp/rest/"
	at.Control = "http://" + listener.Addr().String() + "/control/"
	b := &boutique{bank: newBank(), screen: made(), printer: newPrinter(), places: at, served: make(chan error, 1)}
	b.gun = scans(func(said []byte) error { return b.cables["scanner"].send(said) })
	b.cables = map[string]*cable{
		"scanner": {link: at.Scanner, hear: b.gun.hear, node: nodes[scanner]},
		"display": {link: at.Display, hear: b.screen.hear},
		"printer": {link: at.Printer, hear: b.printer.hear},
	}
	b.address = listener.Addr().String()
	b.answer(listener)
	for name := range b.cables {
		if err := b.plug(name); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

// answer begins to serve the acquirer's side.
func (b *boutique) answer(listener net.Listener) {
	server := &http.Server{Handler: b.bank, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 1 << 16}
	b.server = server
	go func() { b.served <- server.Serve(listener) }()
}

// line breaks the line to the acquirer, or mends it. A broken one refuses connections, and cuts those
// that are open: what is on its way gets no answer.
func (b *boutique) line(ctx context.Context, up bool) error {
	if up == (b.server != nil) {
		return nil
	}
	if !up {
		err := b.server.Close()
		b.server = nil
		if served := <-b.served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", b.address)
	if err != nil {
		return err
	}
	b.answer(listener)
	return nil
}

// close takes the boutique down: the cables are out and the acquirer is gone.
func (b *boutique) close() error {
	if b.server == nil {
		return b.unplug()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := b.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = b.server.Close()
	}
	if served := <-b.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, b.unplug())
}

// unplug takes every cable out and removes what open made.
func (b *boutique) unplug() error {
	var err error
	for _, c := range b.cables {
		err = errors.Join(err, c.pull())
	}
	return errors.Join(err, os.Remove(b.places.TokenFile))
}

// plug connects a device; a display gets its power that way.
func (b *boutique) plug(name string) error {
	var greeting []byte
	if name == "display" {
		greeting = b.screen.power()
	}
	return b.cables[name].plug(greeting)
}

// pay lets the shopper's phone read the QR in a picture file, or off the customer display, and decide.
func (b *boutique) pay(file string, confirms bool) error {
	text, err := b.seen(file)
	if err != nil {
		return err
	}
	return b.bank.scanned(text, confirms)
}

// seen is what the phone reads.
func (b *boutique) seen(file string) (string, error) {
	if file != "" {
		return readFile(file)
	}
	picture, err := b.screen.picture()
	if err != nil {
		return "", err
	}
	return read(picture)
}

// scan lets the scanner read text and send it, as it is set to.
func (b *boutique) scan(text string) error {
	said, err := b.gun.code(text)
	if err == nil {
		b.last = text
		err = b.cables["scanner"].send(said)
	}
	if err != nil {
		return fmt.Errorf("the scanner cannot send: %w", err)
	}
	return nil
}
