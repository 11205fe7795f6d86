package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// row is a journal row as it is chained and stored.
type row struct {
	seq, atMS                  int64
	day, sale, reference, kind string
	body                       []byte
}

// chaining makes the links of many rows: the key is set up once, and every row is encoded in the same place.
type chaining struct {
	mac      hash.Hash
	row, sum []byte
}

func newChaining(key []byte) *chaining { return &chaining{mac: hmac.New(sha256.New, key)} }

// link is HMAC-SHA256, keyed by the register's key, over the link before and the row's own fields, each with its length
// before it so that no two rows encode alike. It stands until the next call.
func (c *chaining) link(before []byte, seq, atMS int64, fields ...string) []byte {
	c.row = append(append(c.row[:0], "posd journal 1\n"...), before...)
	c.row = binary.BigEndian.AppendUint64(c.row, uint64(seq))
	c.row = binary.BigEndian.AppendUint64(c.row, uint64(atMS))
	for _, field := range fields {
		c.row = binary.BigEndian.AppendUint64(c.row, uint64(len(field)))
		c.row = append(c.row, field...)
	}
	c.mac.Reset()
	c.mac.Write(c.row)
	c.sum = c.mac.Sum(c.sum[:0])
	return c.sum
}

// Fingerprint is a keyed hash of a secret, apart from the chain and from other purposes: it tells that
// a payment code or a request was seen before without being able to say what it was.
func (s *Store) Fingerprint(purpose string, secret []byte) string {
	mac := hmac.New(sha256.New, s.o.Key)
	mac.Write([]byte("posd fingerprint " + purpose + "\n"))
	mac.Write(secret)
	return hex.EncodeToString(mac.Sum(nil))
}
