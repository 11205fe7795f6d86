package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// screen is the customer display: a Nextion panel as far as the register can tell. It keeps what it
// was told to show, so that a test or a person can look at it.
type screen struct {
	mu    sync.Mutex
	page  string
	texts map[string]string // by component, such as "qr0"
	reply byte              // bkcmd: 0 never, 1 success, 2 failure, 3 always
	half  []byte            // the beginning of an instruction
}

// Limits of the panel: bytes of one unfinished instruction, and components it remembers.
const (
	longestInstruction = 1024
	mostComponents     = 64
)

// Answers of the panel, and what it says when it gets power.
var (
	instructionEnd = []byte{0xff, 0xff, 0xff}
	answerInvalid  = []byte{0x00, 0xff, 0xff, 0xff}
	answerDone     = []byte{0x01, 0xff, 0xff, 0xff}
	answerOverflow = []byte{0x24, 0xff, 0xff, 0xff}
	powerUp        = []byte{0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0x88, 0xff, 0xff, 0xff}
)

// power is what happens when the panel gets power: it shows its first page and answers failures only.
func (s *screen) power() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page, s.texts, s.reply, s.half = "0", map[string]string{}, 2, nil
}

// hear takes bytes from the register, carries out whole instructions and returns the answers.
func (s *screen) hear(b []byte) (answers []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.half = append(s.half, b...)
	for {
		at := bytes.Index(s.half, instructionEnd)
		if at < 0 {
			if len(s.half) > longestInstruction {
				s.half = nil
				answers = append(answers, answerOverflow...)
			}
			return answers
		}
		line := string(s.half[:at])
		s.half = s.half[at+len(instructionEnd):]
		if line == "" {
			continue // ends a half instruction of an earlier life
		}
		switch done := s.do(line); {
		case done && (s.reply == 1 || s.reply == 3):
			answers = append(answers, answerDone...)
		case !done && s.reply >= 2:
			answers = append(answers, answerInvalid...)
		}
	}
}

// do carries out one instruction; false means the panel does not know it.
func (s *screen) do(line string) bool {
	if page, ok := strings.CutPrefix(line, "page "); ok {
		s.page = page
		return true
	}
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return slices.Contains([]string{"cls", "ref", "vis", "cov", "sendme", "click", "xstr", "fill"}, strings.ToLower(strings.Fields(line + " ")[0]))
	}
	if name == "bkcmd" && len(value) == 1 && value[0] >= '0' && value[0] <= '3' {
		s.reply = value[0] - '0'
		return true
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = strings.NewReplacer(`\r`, "\n", `\"`, `"`, `\\`, `\`).Replace(value[1 : len(value)-1])
	}
	if _, known := s.texts[name]; known || len(s.texts) < mostComponents {
		s.texts[name] = value
		return true
	}
	return false
}

// shows says in one line what a shopper sees.
func (s *screen) shows() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := []string{"page " + s.page}
	for _, name := range slices.Sorted(maps.Keys(s.texts)) {
		parts = append(parts, fmt.Sprintf("%s=%q", name, s.texts[name]))
	}
	return strings.Join(parts, " ")
}
