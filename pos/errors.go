package pos

import (
	"errors"
	"fmt"
)

// ErrMisfit is in the chain of an error that an acquirer's refusal of our credentials, contract or clock
// caused: asking again will not help.
var ErrMisfit = errors.New("the acquirer refuses our set-up")

// Problem is the type of a refusal, as the API and the screens name it; words has a sentence for
// the cashier and, where there is one, a next step for the technician under each.
type Problem string

// The problems there are.
const (
	BadRequest          Problem = "bad_request"
	Unauthorized        Problem = "unauthorized"
	Forbidden           Problem = "forbidden"
	BadHost             Problem = "bad_host"
	BadOrigin           Problem = "bad_origin"
	NotFound            Problem = "not_found"
	MethodNotAllowed    Problem = "method_not_allowed"
	TooLarge            Problem = "too_large"
	UnsupportedMedia    Problem = "unsupported_media"
	KeyMissing          Problem = "idempotency_key_missing"
	KeyMismatch         Problem = "idempotency_mismatch"
	InFlight            Problem = "attempt_in_flight"
	ScannerBusy         Problem = "scanner_busy"
	SaleClosed          Problem = "sale_closed"
	NotAPaymentCode     Problem = "not_a_payment_code"
	WrongWallet         Problem = "wrong_wallet"
	UsedCode            Problem = "used_code"
	PossibleDouble      Problem = "possible_double"
	TooManyUnfinished   Problem = "too_many_unfinished"
	AcquirerUnreachable Problem = "acquirer_unreachable"
	OverRefund          Problem = "over_refund"
	RefundNotPossible   Problem = "refund_not_possible"
	RulingNotOpen       Problem = "ruling_not_open"
	DayNotClosable      Problem = "day_not_closable"
	StorageFailed       Problem = "storage_failed"
	Unsupported         Problem = "unsupported"
	Internal            Problem = "internal"
)

// Error carries what a person needs beside what a program needs. The sentences are the catalogue's.
type Error struct {
	Op      string            // what we were doing: "till.scan"
	Problem Problem           // what kind of refusal
	Detail  string            // which word of the catalogue explains it further, such as a Family; or empty
	Args    map[string]string // for the sentence: never a code, token or key
	Sent    bool              // whether a charge may have left because of this call
	Err     error             // the cause, for the log
}

func (e *Error) Error() string {
	s := e.Op + ": " + string(e.Problem)
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Refuse makes an Error without a cause.
func Refuse(op string, p Problem, format string, args ...any) *Error {
	e := &Error{Op: op, Problem: p}
	if format != "" {
		e.Err = fmt.Errorf(format, args...)
	}
	return e
}

// ProblemOf finds the problem in err; an error without one is Internal.
func ProblemOf(err error) Problem {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return Internal
}
