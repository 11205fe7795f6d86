package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A log of commits of three frames each, of which the last has seven. What a power cut can do to the last of them is no
// damage, and what makes SQLite forget more than that is.
func TestSoundLog(t *testing.T) {
	const size, each, count = 512, 3, 46
	order := binary.BigEndian
	log := order.AppendUint32(nil, logMagic|1)
	for _, x := range []uint32{3007000, size, 0, 7, 9} {
		log = order.AppendUint32(log, x)
	}
	seal := func(sum [2]uint32) { log = order.AppendUint32(order.AppendUint32(log, sum[0]), sum[1]) }
	sum := sumUp(order, [2]uint32{}, log)
	seal(sum)
	var frames []int
	for n := range uint32(count) {
		at := len(log)
		frames = append(frames, at)
		ends := uint32(0)
		if n < 39 && n%each == each-1 || n == count-1 {
			ends = 20
		}
		for _, x := range []uint32{n + 1, ends, 7, 9} {
			log = order.AppendUint32(log, x)
		}
		page := make([]byte, size)
		page[n] = 1
		sum = sumUp(order, sumUp(order, sum, log[at:at+8]), page)
		seal(sum)
		log = append(log, page...)
	}
	older := []byte{0, 0, 0, 35, 0, 0, 0, 35} // the begin of a head that stood there in an older log, and ended a commit
	const begin, edge, before = 39, 41, 38    // of the last commit, the head in it with a sector's end, the end of the one before
	if frames[edge]%sector != sector-8 {
		t.Fatalf("no sector ends in the head at %d", frames[edge])
	}
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		sound  bool
	}{
		"whole":                             {func(b []byte) []byte { return b }, true},
		"the last commit cut short":         {func(b []byte) []byte { return b[:frames[begin+1]+100] }, true},
		"its first frame never came":        {func(b []byte) []byte { clear(b[frames[begin]:frames[begin+1]]); return b }, true},
		"half of a head in it is older":     {func(b []byte) []byte { copy(b[frames[edge]:], older); return b }, true},
		"a bit of a page turned":            {func(b []byte) []byte { b[frames[4]+frameHead+9] ^= 4; return b }, false},
		"a bit of a sum turned":             {func(b []byte) []byte { b[frames[4]+17] ^= 4; return b }, false},
		"a frame in the middle lost":        {func(b []byte) []byte { return slices.Delete(b, frames[3], frames[4]) }, false},
		"salt of another log":               {func(b []byte) []byte { b[frames[0]+9] ^= 1; return b }, false},
		"the end of the commit before":      {func(b []byte) []byte { b[frames[before]+frameHead+9] ^= 4; return b }, false},
		"the size in the commit before":     {func(b []byte) []byte { b[frames[before]+7] ^= 1; return b }, false},
		"the sum in front of its last page": {func(b []byte) []byte { b[frames[before-1]+17] ^= 4; return b }, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, c.change(slices.Clone(log)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := soundLog(path); (err == nil) != c.sound {
				t.Errorf("%v", err)
			}
		})
	}
}
