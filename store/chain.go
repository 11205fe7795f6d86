package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// row is a journal row as it is chained and stored.
type row struct {
	seq, atMS                  int64
	day, sale, reference, kind string
	body                       []byte
}

// link is HMAC-SHA256, keyed by the register's key, over the link before and the row's own fields,
// each with its length before it so that no two rows encode alike.
func link(key, before []byte, r row) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("posd journal 1\n"))
	mac.Write(before)
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		mac.Write(n[:])
	}
	number(r.seq)
	number(r.atMS)
	for _, field := range [][]byte{[]byte(r.day), []byte(r.sale), []byte(r.reference), []byte(r.kind), r.body} {
		number(int64(len(field)))
		mac.Write(field)
	}
	return mac.Sum(nil)
}

// Fingerprint is a keyed hash of a secret, apart from the chain and from other purposes: it tells that
// a payment code or a request was seen before without being able to say what it was.
func (s *Store) Fingerprint(purpose string, secret []byte) string {
	mac := hmac.New(sha256.New, s.o.Key)
	mac.Write([]byte("posd fingerprint " + purpose + "\n"))
	mac.Write(secret)
	return hex.EncodeToString(mac.Sum(nil))
}
