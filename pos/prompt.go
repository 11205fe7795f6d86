package pos

import "time"

// PromptKind is what the customer display is about.
type PromptKind string

// The prompts.
const (
	PromptIdle      PromptKind = "idle"      // the store's name
	PromptScan      PromptKind = "scan"      // show your payment code
	PromptHolding   PromptKind = "holding"   // no connection, the code is still good for a while
	PromptSending   PromptKind = "sending"   // one moment
	PromptConfirm   PromptKind = "confirm"   // confirm on your phone
	PromptQR        PromptKind = "qr"        // scan this QR
	PromptChecking  PromptKind = "checking"  // the outcome is being asked for
	PromptPaid      PromptKind = "paid"      // done
	PromptDeclined  PromptKind = "declined"  // see the wallet app, or another way to pay
	PromptUnsent    PromptKind = "unsent"    // nothing was charged, refresh the code
	PromptCancelled PromptKind = "cancelled" // ended; if charged, the money goes back
	PromptWrongCode PromptKind = "wrong_code"
	PromptTest      PromptKind = "test" // a technician looks whether a display works
)

// Prompt is what the customer display shows: finished facts, no sentences. A display driver turns it
// into bytes, in the languages it was given.
type Prompt struct {
	Kind    PromptKind
	Sale    string
	Amount  Amount    // zero when there is none
	Family  Family    // wrong_code: what was scanned
	QR      string    // qr and test: the text to draw
	Until   time.Time // when the code or the shopper's time runs out; zero when nothing does
	At      time.Time
	Seconds int // holding: what is left
}
