package till

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"posd/pos"
)

// probed learns from a probe: a refusal of our set-up is an answer too.
func (t *Till) probed(err error) {
	switch {
	case errors.Is(err, pos.ErrMisfit):
		t.heard(pos.Answer{Misfit: true}, nil)
		t.misfit = true
		t.o.Trouble(pos.Trouble{Code: pos.TroubleAcquirerRefuses, Since: time.Now()})
	case err != nil:
		t.log.Warn("probe", "err", err)
		t.lost("unreachable")
	default:
		t.heard(pos.Answer{}, nil)
	}
}

// reference makes our id at the acquirer: register, date, a counter for people and four random
// characters, so that not even a restored file repeats one. At most 32 of [0-9A-Za-z-].
func (t *Till) reference(ctx context.Context) (string, error) {
	day := t.day.Day
	if day == "" {
		day = t.o.Calendar.Next(time.Now(), t.closed)
	}
	if t.counted != day {
		n, err := t.o.Journal.Attempts(ctx, day)
		if err != nil {
			return "", err
		}
		t.counted, t.counter = day, n+t.generation*generationRefs
	}
	t.counter++
	tail, err := t.letters(4, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	if err != nil {
		return "", err
	}
	date, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return "", fmt.Errorf("day %q: %w", day, err)
	}
	return fmt.Sprintf("%s-%s-%04d-%s", t.o.Register, date.Format("060102"), t.counter, tail), nil
}

// id makes an opaque id that sorts by time: milliseconds and 80 random bits in Crockford's base 32.
func (t *Till) id(prefix string) (string, error) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	ms := uint64(time.Now().UnixMilli())
	head := make([]byte, 10)
	for i := range head {
		head[9-i] = alphabet[ms&31]
		ms >>= 5
	}
	tail, err := t.letters(16, alphabet)
	return prefix + string(head) + tail, err
}

// letters draws n letters evenly, throwing bytes away that would favour the first ones.
func (t *Till) letters(n int, alphabet string) (string, error) {
	out := make([]byte, 0, n)
	b := make([]byte, 1)
	fair := byte(256/len(alphabet)*len(alphabet) - 1)
	for len(out) < n {
		if _, err := io.ReadFull(t.o.Rand, b); err != nil {
			return "", fmt.Errorf("random: %w", err)
		}
		if b[0] <= fair {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out), nil
}

// clone copies a sale so that its reader and the loop share nothing that changes.
func clone(s pos.Sale) pos.Sale {
	s.Attempts = append([]pos.Attempt(nil), s.Attempts...)
	s.Refunds = append([]pos.Refund(nil), s.Refunds...)
	return s
}
