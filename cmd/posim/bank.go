package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/acquirer/sandbox"
)

// bankToken is the simulated terminal's code. It opens nothing anywhere else.
const bankToken = "0A1B2C3D"

// bankCurrency is what the simulated terminal is set up for.
const bankCurrency = pos.Currency("USD")

// bank is the simulated acquirer in the boutique's words.
type bank struct {
	http.Handler
	box *sandbox.Sandbox
}

func newBank() *bank {
	box := sandbox.New(sandbox.Options{Token: bankToken, Currency: bankCurrency})
	return &bank{box, box}
}

// outcome is what happens to one charge.
type outcome struct {
	what  string
	after time.Duration
	code  string
}

// posted is one record of the books, as --json writes it.
type posted struct {
	ID        string       `json:"id"`
	Reference string       `json:"reference"`
	State     string       `json:"state"`
	Amount    int64        `json:"amount"`
	Refunded  int64        `json:"refunded"`
	Currency  pos.Currency `json:"currency"`
	Wallet    pos.Wallet   `json:"wallet"`
}

// cutAt is how many bytes of an answer come before it breaks off: enough to look like one.
const cutAt = 40

func (b *bank) next(o outcome) error {
	b.box.Script(sandbox.Step{Do: sandbox.Do(o.what), For: o.after, Code: o.code, N: cutAt})
	return nil
}

func (b *bank) shopper(confirms bool) error {
	if !b.box.Shopper(confirms) {
		return errors.New("no shopper is being waited for")
	}
	return nil
}

// scanned is what the wallet does with a QR of ours: the part behind = names the payment.
func (b *bank) scanned(text string, confirms bool) error {
	_, id, ok := strings.Cut(text, "=")
	if !ok || !b.box.Decide(id, confirms) {
		return errors.New("the wallet knows no payment behind this QR, or it is over")
	}
	return nil
}

func (b *bank) history(on bool) error {
	b.box.HideHistory(!on)
	return nil
}

// ledger is the payments in the books; refunds stand with what they give back.
func (b *bank) ledger() []posted {
	list := []posted{}
	for _, r := range b.box.Ledger() {
		if r.Original == "" {
			list = append(list, posted{r.ID, r.Reference, string(r.State), r.Amount, r.Refunded, r.Currency, r.Wallet})
		}
	}
	return list
}
