package power

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Fate is what becomes of the bytes and names that were not synced when the power went.
type Fate uint8

// The fates.
const (
	Lost Fate = iota + 1 // none of them came to the disk
	Kept                 // all of them did
	Torn                 // some did: of each write some sectors, of names the first few
)

func (f Fate) String() string { return [...]string{"?", "lost", "kept", "torn"}[f] }

// Sector is what a disk writes whole or not at all.
const Sector = 512

// Recorded is what a disk has seen since Begin, to be walked through afterwards.
type Recorded struct {
	Ops   []Op
	start map[string]image
}

// Recorded hands the log over.
func (d *Disk) Recorded() Recorded {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Recorded{slices.Clone(d.log), d.start}
}

// Files is what programs see on the disk now.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[string][]byte{}
	for name, f := range d.root {
		if !shared(name) {
			files[name] = slices.Clone(f.live)
		}
	}
	return files
}

// A Player goes through the record, one operation after the other.
type Player struct {
	Record Recorded
	At     int // so many operations were done

	names   map[string]*file // that are sure to be there
	unsure  []Op             // names that were not settled
	bytes   map[*file][]byte // that are sure to be there
	pending map[*file][]Op   // bytes that were not synced
}

// Play begins before the first operation.
func (r Recorded) Play() *Player {
	p := &Player{Record: r, names: map[string]*file{}, bytes: map[*file][]byte{}, pending: map[*file][]Op{}}
	for name, i := range r.start {
		p.names[name], p.bytes[i.file] = i.file, slices.Clone(i.data)
	}
	return p
}

// Step does the next operation; false when there is none.
func (p *Player) Step() bool {
	if p.At == len(p.Record.Ops) {
		return false
	}
	op := p.Record.Ops[p.At]
	p.At++
	switch op.Kind {
	case Write, Trim:
		p.pending[op.file] = append(p.pending[op.file], op)
	case Sync:
		if !op.failed {
			for _, w := range p.pending[op.file] {
				p.bytes[op.file] = apply(p.bytes[op.file], w)
			}
		}
		delete(p.pending, op.file)
	case Settle:
		for _, n := range p.unsure {
			name(p.names, n)
		}
		p.unsure = nil
	case Make, Remove, Rename:
		p.unsure = append(p.unsure, op)
	}
	return true
}

// Image is what a machine finds that starts again when the power went here.
func (p *Player) Image(fate Fate, r *rand.Rand) map[string][]byte {
	names := maps.Clone(p.names)
	for _, n := range p.unsure[:survivors(fate, r, len(p.unsure))] {
		name(names, n)
	}
	files := map[string][]byte{}
	for at, f := range names {
		data := slices.Clone(p.bytes[f])
		for _, w := range p.pending[f] {
			switch fate {
			case Kept:
				data = apply(data, w)
			case Torn:
				data = tear(data, w, r)
			}
		}
		files[at] = data
	}
	return files
}

func survivors(fate Fate, r *rand.Rand, n int) int {
	switch fate {
	case Kept:
		return n
	case Torn:
		return r.IntN(n + 1)
	}
	return 0
}

func name(names map[string]*file, op Op) {
	switch op.Kind {
	case Make:
		names[op.Name] = op.file
	case Remove:
		delete(names, op.Name)
	case Rename:
		delete(names, op.Name)
		names[op.To] = op.file
	}
}

func apply(data []byte, w Op) []byte {
	if w.Kind == Trim {
		return sized(data, w.at)
	}
	data = sized(data, max(int64(len(data)), w.at+int64(len(w.data))))
	copy(data[w.at:], w.data)
	return data
}

// tear lets each sector of a write come to the disk or not. A length that grew may have come without its
// bytes, which are zeros then.
func tear(data []byte, w Op, r *rand.Rand) []byte {
	if w.Kind == Trim {
		if r.IntN(2) == 0 {
			return sized(data, w.at)
		}
		return data
	}
	for from := 0; from < len(w.data); {
		to := min(len(w.data), from+Sector-int((w.at+int64(from))%Sector))
		if r.IntN(2) == 0 {
			data = apply(data, Op{Kind: Write, at: w.at + int64(from), data: w.data[from:to]})
		}
		from = to
	}
	return data
}

func sized(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}
