// Package pos is the language of the register: amounts, payment codes, the life of an attempt and of
// a refund, sales, days, journal entries, prompts, troubles and the contract every acquirer keeps.
//
// It does no I/O, starts no goroutine and reads no clock: time is an argument. Every type that
// crosses from one floor of the house to another is declared here, and nothing here knows how it is
// stored, sent or shown.
package pos
