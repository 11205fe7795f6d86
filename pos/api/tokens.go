package api

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"posd/pos"
)

// The roles that have a token.
const (
	RoleCashier    = "cashier"
	RoleManager    = "manager"
	RoleTechnician = "technician"
	RoleDisplay    = "display"
)

// Roles lists them.
func Roles() []string { return []string{RoleCashier, RoleManager, RoleTechnician, RoleDisplay} }

// Tokens are the secrets of the roles.
type Tokens map[string]string

// OpenTokens reads the tokens in dir, one file a role with 32 random bytes in base64url, and makes those
// that are missing with mode 0640. A file that everyone may read is refused.
func OpenTokens(dir string) (Tokens, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if err := os.Chmod(dir, 0o750); err != nil { // whatever the umask: the group of the register reads its tokens
		return nil, fmt.Errorf("tokens: %w", err)
	}
	tokens := Tokens{}
	for _, role := range Roles() {
		token, err := openToken(filepath.Join(dir, role))
		if err != nil {
			return nil, fmt.Errorf("token of the %s: %w", role, err)
		}
		tokens[role] = token
	}
	return tokens, nil
}

func openToken(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		token := secret()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if err != nil {
			return "", err
		}
		_, err = f.WriteString(token + "\n")
		return token, errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close())
	case err != nil:
		return "", err
	case info.Mode().Perm()&0o027 != 0:
		return "", fmt.Errorf("%s has mode %04o: chmod 640 %s", path, info.Mode().Perm(), path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
		return "", fmt.Errorf("%s holds no token: remove it, and a new one is made at the next start", path)
	}
	return token, nil
}

// secret is 32 random bytes in base64url.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails: the runtime ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// role finds whose token this is, in a time that does not depend on how much of it is right.
func (t Tokens) role(token string) (string, bool) {
	found := ""
	for role, want := range t {
		if subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1 {
			found = role
		}
	}
	return found, found != ""
}

const cookieName = "posd"

// who finds the role behind a request, from its bearer token or its page's cookie.
func (s *Server) who(r *http.Request) (string, bool) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.o.Tokens.role(bearer)
	}
	if c, err := r.Cookie(cookieName); err == nil {
		return s.seated(c.Value)
	}
	return "", false
}

// codes are the one-time codes that open a page.
type codes struct {
	mu   sync.Mutex
	open map[string]code
}

type code struct {
	role string
	ends time.Time
}

const (
	codeFor  = 60 * time.Second
	maxCodes = 64
)

func newCodes() *codes { return &codes{open: map[string]code{}} }

func (c *codes) make(role string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.open {
		if time.Now().After(v.ends) || len(c.open) >= maxCodes {
			delete(c.open, k)
		}
	}
	k := secret()
	c.open[k] = code{role, time.Now().Add(codeFor)}
	return k
}

// take uses a code up.
func (c *codes) take(k string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.open[k]
	delete(c.open, k)
	return v.role, ok && time.Now().Before(v.ends)
}

// cookieFor is how long a page stays open without a new code.
const cookieFor = 7 * 24 * time.Hour

// cookie names a role until an instant, under our keyed hash: it holds over a restart, and nothing has
// to be remembered.
func (s *Server) cookie(role string) string {
	text := role + "." + strconv.FormatInt(time.Now().Add(cookieFor).Unix(), 10) + "." + secret()
	return text + "." + s.o.Book.Fingerprint("cookie", []byte(text))
}

func (s *Server) seated(cookie string) (string, bool) {
	i := strings.LastIndexByte(cookie, '.')
	if i < 0 || subtle.ConstantTimeCompare([]byte(cookie[i+1:]), []byte(s.o.Book.Fingerprint("cookie", []byte(cookie[:i])))) != 1 {
		return "", false
	}
	parts := strings.Split(cookie[:i], ".")
	ends, err := strconv.ParseInt(parts[1], 10, 64)
	return parts[0], err == nil && time.Now().Unix() < ends
}

// openSession trades a one-time code for a cookie. The code travels in the body: an address may be
// logged, copied and seen over a shoulder.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		s.refuse(w, r, badBody(err))
		return
	}
	role, ok := s.codes.take(in.Code)
	if !ok {
		s.refuse(w, r, pos.Refuse("api.session", pos.Unauthorized, ""))
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: s.cookie(role), MaxAge: int(cookieFor / time.Second), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"role": role})
}
