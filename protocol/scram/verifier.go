// Package scram is PostgreSQL's SCRAM-SHA-256: the verifiers that stand for
// passwords, and the server's side of the exchange that proves one, with channel
// binding (tls-server-end-point). The arithmetic is github.com/xdg-go/scram's; what
// is here are PostgreSQL's form of a verifier, its checks and its texts.
//
// A password can't be got back from a verifier, and none is kept here.
package scram

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"
)

// PostgreSQL's numbers for new verifiers.
const (
	Iterations = 4096 // SCRAM_DEFAULT_ITERATIONS
	saltLen    = 16   // SCRAM_DEFAULT_SALT_LEN
)

// checkMax bounds what Matches computes for one password. Whoever may set a
// verifier may set its number of iterations.
const checkMax = 1_000_000

const scheme = "SCRAM-SHA-256"

// Verifier is what is stored of a password.
type Verifier struct {
	Iterations                 int
	Salt, StoredKey, ServerKey []byte
}

// NewVerifier makes a verifier with a new salt.
func NewVerifier(password string) Verifier {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails
	return derive(password, salt, Iterations)
}

// ParseVerifier reads SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, as
// pg_authid.rolpassword has it. What is not of this form is a plain password, or a
// verifier of another kind.
func ParseVerifier(s string) (Verifier, bool) {
	rest, ok := strings.CutPrefix(s, scheme+"$")
	factors, keys, ok2 := strings.Cut(rest, "$")
	iterations, salt, ok3 := strings.Cut(factors, ":")
	stored, server, ok4 := strings.Cut(keys, ":")
	if !ok || !ok2 || !ok3 || !ok4 {
		return Verifier{}, false
	}
	v := Verifier{}
	n, err := strconv.ParseInt(iterations, 10, 32)
	if err != nil || n < 1 {
		return Verifier{}, false
	}
	v.Iterations = int(n)
	for _, part := range []struct {
		text string
		to   *[]byte
		size int
	}{{salt, &v.Salt, 0}, {stored, &v.StoredKey, sha256.Size}, {server, &v.ServerKey, sha256.Size}} {
		b, err := base64.StdEncoding.Strict().DecodeString(part.text)
		if err != nil || len(b) == 0 || (part.size > 0 && len(b) != part.size) {
			return Verifier{}, false
		}
		*part.to = b
	}
	return v, true
}

// String is the verifier as it is stored.
func (v Verifier) String() string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", scheme, v.Iterations, b64(v.Salt), b64(v.StoredKey), b64(v.ServerKey))
}

// Matches tells whether password is the one. It takes as long if it is not.
func (v Verifier) Matches(password string) bool {
	if v.Iterations > checkMax {
		return false
	}
	d := derive(password, v.Salt, v.Iterations)
	return subtle.ConstantTimeCompare(d.ServerKey, v.ServerKey) == 1
}

// Mock is the verifier of a user who has none: one that no password fits, with a
// salt that is always the same for one name. Without the secret, which must be the
// same on all nodes and for all time, nobody can tell it from a real one.
func Mock(secret []byte, user string) Verifier {
	salt := hmac.New(sha256.New, secret)
	salt.Write([]byte(user))
	keys := make([]byte, 2*sha256.Size)
	rand.Read(keys) // never fails
	return Verifier{
		Iterations: Iterations, Salt: salt.Sum(nil)[:saltLen],
		StoredKey: keys[:sha256.Size], ServerKey: keys[sha256.Size:],
	}
}

// derive computes the keys. A password that SASLprep refuses (it holds characters
// that Unicode 3.2 does not assign, or is no UTF-8) is taken as it is, as PostgreSQL
// and libpq do.
func derive(password string, salt []byte, iterations int) Verifier {
	if prepared, err := stringprep.SASLprep.Prepare(password); err == nil {
		password = prepared
	}
	client, err := scram.SHA256.NewClientUnprepped("", password, "")
	if err != nil {
		panic(err) // it can't refuse what it does not look at
	}
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		panic(err)
	}
	return Verifier{Iterations: iterations, Salt: salt, StoredKey: stored.StoredKey, ServerKey: stored.ServerKey}
}
