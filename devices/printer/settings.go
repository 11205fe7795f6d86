// Package printer turns a slip into a printer's bytes, and a printer's answers into what they mean. It is
// pure: it never opens a line, waits, retries or logs.
package printer

// Settings is what a profile says about a printer, its table [printer].
type Settings struct{}
