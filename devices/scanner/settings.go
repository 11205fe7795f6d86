package scanner

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Settings is what a profile says about a scanner, its table [scanner]: how its codes end, and its maker's
// commands as bytes. The zero value is a scanner that ends each code with CR or LF and takes no command.
type Settings struct {
	Framing    string `toml:"framing"`    // line: "" for terminators, "stx" for STX code ETX, "dechdr" for Honeywell's header
	Terminator Bytes  `toml:"terminator"` // any one of these bytes ends a code; CR and LF when empty
	Prefix     Bytes  `toml:"prefix"`     // programmed into the scanner; taken off
	Suffix     Bytes  `toml:"suffix"`
	AIM        bool   `toml:"aim"` // it is set to send AIM identifiers: a code without one shows that its settings were lost

	Setup   []Bytes `toml:"setup"`   // at each opening, one after the other: settings that do not outlast the power. ssi: parameter and value
	Replies string  `toml:"replies"` // how it answers settings: "honeywell", "newland", or "" for not at all
	Trigger Bytes   `toml:"trigger"`
	Stop    Bytes   `toml:"stop"`
	Good    Bytes   `toml:"good"`
	Bad     Bytes   `toml:"bad"`
	Ack     bool    `toml:"ack"` // it waits for good or bad after every code and reads nothing meanwhile

	Layout  string `toml:"layout"`  // hidpos: "" for what the device describes; honeywell, offset1, symbol-com, microscan
	Feature Bytes  `toml:"feature"` // hidpos: a feature report at each opening, without which it stays silent
	Keys    string `toml:"keys"`    // evdev: the keyboard layout that it types for; us when empty

	Dedupe time.Duration `toml:"-"` // the same bytes within this time are one scan; 0 takes every one
}

// Limits of a profile's commands.
const (
	mostSetup   = 32
	longCommand = 256 // bytes
	longFeature = 4   // bytes
)

// Bytes are bytes in a profile, as hex digits: "16 54 0D".
type Bytes []byte

// UnmarshalText reads hex digits, with or without spaces.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil || len(raw) > longCommand {
		return fmt.Errorf("%q is not a row of bytes: write up to %d pairs of hex digits, such as \"16 54 0D\"", text, longCommand)
	}
	*b = raw
	return nil
}

// Fits says why a driver cannot work with the settings; nil when it can. A key that a driver would ignore is
// a mistake: the profile's author believes that it does something.
func (s Settings) Fits(driver string) error {
	set := map[string]bool{"framing": s.Framing != "", "terminator": len(s.Terminator) > 0, "prefix": len(s.Prefix) > 0, "suffix": len(s.Suffix) > 0,
		"setup": len(s.Setup) > 0, "replies": s.Replies != "", "trigger": len(s.Trigger) > 0, "stop": len(s.Stop) > 0, "good": len(s.Good) > 0,
		"bad": len(s.Bad) > 0, "ack": s.Ack, "layout": s.Layout != "", "feature": len(s.Feature) > 0, "keys": s.Keys != ""}
	takes, ok := map[string][]string{
		"line":   {"framing", "terminator", "prefix", "suffix", "setup", "replies", "trigger", "stop", "good", "bad", "ack"},
		"hidpos": {"terminator", "prefix", "suffix", "setup", "trigger", "stop", "good", "bad", "ack", "layout", "feature"},
		"ssi":    {"prefix", "suffix", "setup"},
		"evdev":  {"terminator", "prefix", "suffix", "keys"},
	}[driver]
	if !ok {
		return fmt.Errorf("there is no scanner driver %q", driver)
	}
	for _, key := range []string{"framing", "terminator", "prefix", "suffix", "setup", "replies", "trigger", "stop", "good", "bad", "ack", "layout", "feature", "keys"} {
		if set[key] && !slices.Contains(takes, key) {
			return fmt.Errorf("driver %s takes no %s", driver, key)
		}
	}
	for _, of := range []struct {
		key, value string
		known      []string
	}{
		{"framing", s.Framing, []string{"", framedSTX, framedDECHDR}},
		{"replies", s.Replies, []string{"", repliesHoneywell, repliesNewland}},
		{"layout", s.Layout, []string{"", layoutHoneywell, layoutOffset1, layoutSymbolCOM, layoutMicroscan}},
		{"keys", s.Keys, append([]string{""}, keyboards()...)},
	} {
		if !slices.Contains(of.known, of.value) {
			return fmt.Errorf("%s %q is not one of: %s", of.key, of.value, strings.Join(of.known[1:], ", "))
		}
	}
	return s.commandsFit(driver)
}

func (s Settings) commandsFit(driver string) error {
	switch {
	case len(s.Setup) > mostSetup:
		return fmt.Errorf("setup has %d commands; at most %d", len(s.Setup), mostSetup)
	case s.Ack && (len(s.Good) == 0 || len(s.Bad) == 0):
		return fmt.Errorf("ack wants both good and bad: the scanner waits for one of them")
	case len(s.Terminator) > 0 && driver == "hidpos" && s.Layout != layoutSymbolCOM:
		return fmt.Errorf("terminator is for layout %s: other reports have an end of their own", layoutSymbolCOM)
	case len(s.Feature) > longFeature:
		return fmt.Errorf("feature has %d bytes; at most %d", len(s.Feature), longFeature)
	case s.Framing != "" && len(s.Terminator) > 0:
		return fmt.Errorf("framing %s has an end of its own: leave out terminator", s.Framing)
	}
	for _, b := range s.Setup {
		if len(b) == 0 {
			return fmt.Errorf("setup has an empty command")
		}
		if driver == "ssi" && len(b) < 2 {
			return fmt.Errorf("setup %X is no parameter with a value", []byte(b))
		}
	}
	return nil
}

// between is the pause from one setting to the next; Newland asks for 50 ms.
const between = 100 * time.Millisecond

// commands hands a maker's commands out. Settings go one after the other, because a scanner that stores one
// does not listen.
type commands struct {
	Settings
	waiting []Bytes
	next    time.Time
}

func (c *commands) say(w Word, at time.Time) []byte {
	switch w {
	case Setup:
		c.waiting, c.next = c.Setup, at
		return c.idle(at)
	case Trigger:
		return bytes.Clone(c.Trigger)
	case Stop:
		return bytes.Clone(c.Stop)
	case Good:
		return bytes.Clone(c.Good)
	case Bad:
		return bytes.Clone(c.Bad)
	}
	return nil
}

// idle is the next setting, when its time has come.
func (c *commands) idle(at time.Time) []byte {
	if len(c.waiting) == 0 || at.Before(c.next) {
		return nil
	}
	one := c.waiting[0]
	c.waiting, c.next = c.waiting[1:], at.Add(between)
	return bytes.Clone(one)
}

// deadline is when idle wants to be called, or zero.
func (c *commands) deadline() time.Time {
	if len(c.waiting) == 0 {
		return time.Time{}
	}
	return c.next
}

// sooner is the earlier of two times of which either may be zero for never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
