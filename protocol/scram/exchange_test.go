package scram

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/xdg-go/scram"

	"seqd/protocol/sqlstate"
)

var binding = []byte("the hash of a certificate")

// client is the other side.
func client(t testing.TB, password string, how func(*scram.Client) *scram.ClientConversation) *scram.ClientConversation {
	t.Helper()
	c, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		t.Fatal(err)
	}
	return how(c)
}

func plain(c *scram.Client) *scram.ClientConversation { return c.NewConversation() }

func bound(to []byte) func(*scram.Client) *scram.ClientConversation {
	return func(c *scram.Client) *scram.ClientConversation {
		return c.NewConversationWithChannelBinding(scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: to})
	}
}

// converse plays both sides; true if each has convinced the other.
func converse(t *testing.T, v Verifier, mechanism string, binding []byte, c *scram.ClientConversation) (bool, error) {
	t.Helper()
	e, err := NewExchange(v, mechanism, binding)
	if err != nil {
		return false, err
	}
	first, err := c.Step("")
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := e.First([]byte(first))
	if err != nil {
		return false, err
	}
	final, err := c.Step(string(challenge))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := e.Final([]byte(final))
	if answer == nil {
		return false, err
	}
	if _, err := c.Step(string(answer)); err != nil {
		t.Errorf("the client does not believe the server: %v", err)
	}
	return c.Valid(), nil
}

func TestExchange(t *testing.T) {
	v := NewVerifier("secret")
	for _, tt := range []struct {
		name, password, mechanism string
		binding                   []byte
		client                    func(*scram.Client) *scram.ClientConversation
		ok                        bool
		want                      string
	}{
		{"right", "secret", SHA256, nil, plain, true, ""},
		{"wrong", "Secret", SHA256, nil, plain, false, ""},
		{"empty", "", SHA256, nil, plain, false, ""},
		{"right, unbound though it could be", "secret", SHA256, binding, plain, true, ""},
		{"right and bound", "secret", SHA256Plus, binding, bound(binding), true, ""},
		{"wrong and bound", "Secret", SHA256Plus, binding, bound(binding), false, ""},
		{"bound to somebody in the middle", "secret", SHA256Plus, binding, bound([]byte("another hash")), false, "28000 SCRAM channel binding check failed"},
		{"downgraded: the offer of PLUS was hidden", "secret", SHA256, binding,
			func(c *scram.Client) *scram.ClientConversation { return c.NewConversationAdvertisingChannelBinding() },
			false, "28000 SCRAM channel binding negotiation error"},
		{"no PLUS here", "secret", SHA256, nil,
			func(c *scram.Client) *scram.ClientConversation { return c.NewConversationAdvertisingChannelBinding() }, true, ""},
		{"PLUS that was not offered", "secret", SHA256Plus, nil, bound(binding), false, "08P01 client selected an invalid SASL authentication mechanism"},
		{"another mechanism", "secret", "SCRAM-SHA-1", nil, plain, false, "08P01 client selected an invalid SASL authentication mechanism"},
		{"PLUS without binding", "secret", SHA256Plus, binding, plain, false, "08P01 malformed SCRAM message"},
		{"binding without PLUS", "secret", SHA256, binding, bound(binding), false, "08P01 malformed SCRAM message"},
	} {
		ok, err := converse(t, v, tt.mechanism, tt.binding, client(t, tt.password, tt.client))
		if got := errorLine(err); ok != tt.ok || got != tt.want {
			t.Errorf("%s: %v, %q", tt.name, ok, got)
		}
	}
}

func errorLine(err error) string {
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		return ""
	}
	return string(e.Code) + " " + e.Message
}

// TestReplay: a proof that was overheard is of no use in another exchange.
func TestReplay(t *testing.T) {
	v := NewVerifier("secret")
	c := client(t, "secret", plain)
	e, _ := NewExchange(v, SHA256, nil)
	first, _ := c.Step("")
	challenge, err := e.First([]byte(first))
	if err != nil {
		t.Fatal(err)
	}
	final, _ := c.Step(string(challenge))
	if answer, err := e.Final([]byte(final)); answer == nil || err != nil {
		t.Fatal(err)
	}
	if answer, _ := e.Final([]byte(final)); answer != nil {
		t.Error("twice in one exchange")
	}
	again, _ := NewExchange(v, SHA256, nil)
	other, err := again.First([]byte(first))
	if err != nil || string(other) == string(challenge) {
		t.Fatalf("%v; the same challenge twice", err)
	}
	if answer, err := again.Final([]byte(final)); answer != nil || errorLine(err) != "08P01 invalid SCRAM response" {
		t.Errorf("replayed: %q, %v", answer, err)
	}
	// With the new nonce in the old message the proof does not fit.
	nonce := func(m []byte) string { r, _, _ := strings.Cut(string(m), ","); return r }
	forged := strings.Replace(final, nonce(challenge), nonce(other), 1)
	if answer, err := again.Final([]byte(forged)); answer != nil || err != nil {
		t.Errorf("forged: %q, %v", answer, err)
	}
}

// TestMalformed: messages that a client has no business to send. cmd/seqd/e2e/auth
// puts them to PostgreSQL too.
func TestMalformed(t *testing.T) {
	const bad = "08P01 malformed SCRAM message: "
	for message, want := range map[string]string{
		"":                       bad + "The message is empty.",
		"n,,n=,r=x\x00":          bad + "Message length does not match input length.",
		"x":                      bad + "Unexpected channel-binding flag \"'x'\".",
		"\x01":                   bad + `Unexpected channel-binding flag "0x01".`,
		"n":                      bad + `Comma expected, but found character "0x00".`,
		"nx":                     bad + "Comma expected, but found character \"'x'\".",
		"p=tls-unique,,n=,r=x":   bad + "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
		"n,a=other,n=,r=x":       "0A000 client uses authorization identity, but it is not supported: ",
		"n,x=other,n=,r=x":       bad + "Unexpected attribute \"'x'\" in client-first-message.",
		"n,,m=ext,n=,r=x":        "0A000 client requires an unsupported SCRAM extension: ",
		"n,,r=x":                 bad + "Expected attribute \"n\" but found \"'r'\".",
		"n,,n":                   bad + `Expected character "=" for attribute "n".`,
		"n,,n=":                  bad + `Expected attribute "r" but found "0x00".`,
		"n,,n=,r=\x7f":           "08P01 non-printable characters in SCRAM nonce: ",
		"n,,n=,r=x,1=y":          bad + "Attribute expected, but found invalid character \"'1'\".",
		"n,,n=,r=x,e":            bad + `Expected character "=" for attribute "e".`,
		"n,,n=a=b,r=x":           bad + "The message is not one of SCRAM.", // PostgreSQL does not look at the name at all
		"n,,n=,r=" + "x,e=y,f=z": "",
	} {
		e, _ := NewExchange(NewVerifier("secret"), SHA256, nil)
		if _, err := e.First([]byte(message)); full(err) != want {
			t.Errorf("%q: %s", message, full(err))
		}
	}
	proof := base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
	for message, want := range map[string]string{
		"":                                   bad + "The message is empty.",
		"c":                                  bad + `Expected character "=" for attribute "c".`,
		"r=x":                                bad + "Expected attribute \"c\" but found \"'r'\".",
		"c=eSws,r=NONCE,p=" + proof:          "08P01 unexpected SCRAM channel-binding attribute in client-final-message: ",
		"c=biws":                             bad + `Expected attribute "r" but found "0x00".`,
		"c=biws,r=NONCE":                     bad + "Attribute expected, but found end of string.",
		"c=biws,r=NONCE,p=":                  bad + "Malformed proof in client-final-message.",
		"c=biws,r=NONCE,p=AAAA":              bad + "Malformed proof in client-final-message.",
		"c=biws,r=NONCE,p=!" + proof:         bad + "Malformed proof in client-final-message.",
		"c=biws,r=NONCE,p=" + proof + ",":    "",
		"c=biws,r=NONCE,p=" + proof + ",x=y": bad + "Garbage found at the end of client-final-message.",
		"c=biws,r=x,p=" + proof:              "08P01 invalid SCRAM response: Nonce does not match.",
		"c=biws,r=NONCEx,p=" + proof:         "08P01 invalid SCRAM response: Nonce does not match.",
		"c=biws,r=NONCE,x=y,p=" + proof:      "",
		"c=biws,r=NONCE,p=" + proof:          "",
	} {
		e, _ := NewExchange(NewVerifier("secret"), SHA256, nil)
		challenge, err := e.First([]byte("n,,n=,r=x"))
		if err != nil {
			t.Fatal(err)
		}
		nonce, _, _ := strings.Cut(strings.TrimPrefix(string(challenge), "r="), ",")
		answer, err := e.Final([]byte(strings.ReplaceAll(message, "NONCE", nonce)))
		if answer != nil || full(err) != want {
			t.Errorf("%q: %q, %s", message, answer, full(err))
		}
	}
}

func full(err error) string {
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		return ""
	}
	return errorLine(err) + ": " + e.Detail
}

func TestEndPoint(t *testing.T) {
	for algorithm, size := range map[x509.SignatureAlgorithm]int{
		x509.SHA256WithRSA: sha256.Size, x509.SHA1WithRSA: sha256.Size, x509.ECDSAWithSHA384: sha512.Size384,
		x509.ECDSAWithSHA512: sha512.Size, x509.PureEd25519: 0,
	} {
		if got := EndPoint(&x509.Certificate{Raw: []byte("x"), SignatureAlgorithm: algorithm}); len(got) != size {
			t.Errorf("%v: %d bytes, want %d", algorithm, len(got), size)
		}
	}
	if EndPoint(nil) != nil {
		t.Error("a hash of nothing")
	}
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, public, private)
	certificate, err := x509.ParseCertificate(der)
	if err != nil || EndPoint(certificate) != nil || len(Mechanisms(EndPoint(certificate))) != 1 {
		t.Error("a hash where the signature names none")
	}
}

// FuzzExchange: no pair of messages gets in without the password.
func FuzzExchange(f *testing.F) {
	proof := base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
	f.Add([]byte("n,,n=,r=x"), []byte("c=biws,r=NONCE,p="+proof), false)
	f.Add([]byte("y,,n=,r=x"), []byte("c=eSws,r=NONCE,x=y,p="+proof), false)
	f.Add([]byte("p=tls-server-end-point,,n=,r=x"), []byte("c=cA==,r=NONCE,p="+proof), true)
	v := Mock([]byte("k"), "u")
	f.Fuzz(func(t *testing.T, first, final []byte, plus bool) {
		mechanism := SHA256
		if plus {
			mechanism = SHA256Plus
		}
		e, err := NewExchange(v, mechanism, binding)
		if err != nil {
			t.Fatal(err)
		}
		challenge, err := e.First(first)
		if err != nil {
			fatal(t, err)
			return
		}
		nonce, _, _ := strings.Cut(strings.TrimPrefix(string(challenge), "r="), ",")
		answer, err := e.Final([]byte(strings.ReplaceAll(string(final), "NONCE", nonce)))
		if answer != nil {
			t.Errorf("let in by %q, %q", first, final)
		}
		if err != nil {
			fatal(t, err)
		}
	})
}

func fatal(t *testing.T, err error) {
	t.Helper()
	var e *sqlstate.Error
	if !errors.As(err, &e) || e.Severity != sqlstate.SeverityFatal || e.Code == "" || e.Message == "" {
		t.Errorf("an incomplete error: %v", err)
	}
}
