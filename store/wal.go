package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The write-ahead log as SQLite writes it (file format, section 4): a head, and frames of a page each.
const (
	logHead   = 32
	frameHead = 24
	logMagic  = 0x377f0682 // its last bit says how the sums are made
	sector    = 512        // the smallest part of a disk that is written as a whole
)

// soundLog finds a log that was damaged in its middle. SQLite takes the first frame that does not fit for the end, and
// every payment behind it is gone without a word. A power cut leaves at most the end of one commit behind such a frame,
// for the next begins only when the one before is on the disk, and each start empties the log. A torn head may be half of
// an older log: where a sector of the disk ends in it, it counts only if it fits to the frame before.
func soundLog(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	if info.Size() <= logHead {
		return nil // nothing follows the head before it is on the disk, and it may have come as zeros
	}
	in := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, logHead)
	if _, err := io.ReadFull(in, head); err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[3]&1 == 1 {
		order = binary.BigEndian
	}
	size := binary.BigEndian.Uint32(head[8:])
	sum := sumUp(order, [2]uint32{}, head[:24])
	if binary.BigEndian.Uint32(head)&^1 != logMagic || size < 512 || size > 1<<16 || !sums(head[24:], sum) {
		return fmt.Errorf("the head of its log %s was changed", path)
	}
	frame := make([]byte, frameHead+size)
	lost, sound := 0, true // sum is of all frames so far while they are sound, and then what the last one said it was
	for at := int64(logHead); ; at += int64(len(frame)) {
		if _, err := io.ReadFull(in, frame); err != nil {
			break
		}
		ours := [2]uint32{binary.BigEndian.Uint32(frame[8:]), binary.BigEndian.Uint32(frame[12:])} == [2]uint32{binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])}
		fits := ours && sums(frame[16:], sumUp(order, sumUp(order, sum, frame[:8]), frame[frameHead:]))
		sound = sound && fits
		torn := at%sector == sector-8 // what it ends stands in one sector, and which log it is of in the next
		ends := binary.BigEndian.Uint32(frame[4:]) > 0
		if ends && ours && !sound && (fits || !torn) {
			lost++
		}
		sum = [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])}
	}
	if lost > 1 {
		return fmt.Errorf("its log %s was changed in its middle, and %d commits stand behind that", path, lost)
	}
	return nil
}

func sums(b []byte, sum [2]uint32) bool {
	return binary.BigEndian.Uint32(b) == sum[0] && binary.BigEndian.Uint32(b[4:]) == sum[1]
}

// sumUp is the sum of SQLite's log, section 4.2.
func sumUp(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}
