package scram

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"seqd/protocol/sqlstate"
)

// attributes reads a message from the left. Where it ends is '\x00', as in C: no
// message that gets here has a NUL.
type attributes struct{ rest []byte }

func (a *attributes) peek() byte {
	if len(a.rest) == 0 {
		return 0
	}
	return a.rest[0]
}

func (a *attributes) skip() {
	if len(a.rest) > 0 {
		a.rest = a.rest[1:]
	}
}

// any reads an attribute and its value, and the comma behind (read_any_attr).
func (a *attributes) any() (name byte, value []byte, err error) {
	name = a.peek()
	switch {
	case name == 0:
		return 0, nil, malformed("Attribute expected, but found end of string.")
	case (name < 'A' || name > 'Z') && (name < 'a' || name > 'z'):
		return 0, nil, malformed(`Attribute expected, but found invalid character "%s".`, sanitize(name))
	}
	value, err = a.value(name)
	return name, value, err
}

// read reads the value of a certain attribute (read_attr_value).
func (a *attributes) read(name byte) ([]byte, error) {
	if c := a.peek(); c != name {
		return nil, malformed(`Expected attribute "%c" but found "%s".`, name, sanitize(c))
	}
	return a.value(name)
}

func (a *attributes) value(name byte) ([]byte, error) {
	a.skip()
	if a.peek() != '=' {
		return nil, malformed(`Expected character "=" for attribute "%c".`, name)
	}
	a.skip()
	var value []byte
	value, a.rest, _ = bytes.Cut(a.rest, []byte(","))
	return value, nil
}

// sanitize shows a byte that may be anything.
func sanitize(c byte) string {
	if c >= 0x21 && c <= 0x7e {
		return fmt.Sprintf("'%c'", c)
	}
	return fmt.Sprintf("0x%02x", c)
}

// sanitizeText shows the beginning of a text that may be anything.
func sanitizeText(s []byte) string {
	s = bytes.Clone(s[:min(len(s), 30)])
	for i, c := range s {
		if c < 0x21 || c > 0x7e {
			s[i] = '?'
		}
	}
	return string(s)
}

func checkWhole(message []byte) error {
	switch {
	case len(message) == 0:
		return malformed("The message is empty.")
	case bytes.IndexByte(message, 0) >= 0:
		return malformed("Message length does not match input length.")
	}
	return nil
}

// checkFirst is read_client_first_message.
func (e *Exchange) checkFirst(message []byte) error {
	if err := checkWhole(message); err != nil {
		return err
	}
	a := attributes{rest: message}
	if err := e.checkBinding(&a); err != nil {
		return err
	}
	switch c := a.peek(); c {
	case 'a':
		return sqlstate.Fatalf(sqlstate.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	case ',':
		a.skip()
	default:
		return malformed(`Unexpected attribute "%s" in client-first-message.`, sanitize(c))
	}
	if a.peek() == 'm' {
		return sqlstate.Fatalf(sqlstate.FeatureNotSupported, "client requires an unsupported SCRAM extension")
	}
	if _, err := a.read('n'); err != nil {
		return err
	}
	nonce, err := a.read('r')
	if err != nil {
		return err
	}
	for _, c := range nonce {
		if c < 0x21 || c > 0x7e {
			return sqlstate.Fatalf(sqlstate.ProtocolViolation, "non-printable characters in SCRAM nonce")
		}
	}
	for len(a.rest) > 0 { // extensions, which nobody has to understand
		if _, _, err := a.any(); err != nil {
			return err
		}
	}
	return nil
}

// checkBinding reads the gs2-cbind-flag. A client that could bind and believes that
// we can't was told so by somebody between us.
func (e *Exchange) checkBinding(a *attributes) error {
	e.flag = a.peek()
	switch e.flag {
	case 'n', 'y':
		switch {
		case e.plus:
			return malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
		case e.flag == 'y' && e.binding != nil:
			return sqlstate.Fatalf(sqlstate.InvalidAuthorization, "SCRAM channel binding negotiation error").WithDetail(
				"The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.")
		}
		a.skip()
		if c := a.peek(); c != ',' {
			return malformed(`Comma expected, but found character "%s".`, sanitize(c))
		}
		a.skip()
	case 'p':
		if !e.plus {
			return malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
		}
		kind, err := a.read('p')
		if err != nil {
			return err
		}
		if string(kind) != "tls-server-end-point" {
			return sqlstate.Fatalf(sqlstate.ProtocolViolation, `unsupported SCRAM channel-binding type "%s"`, sanitizeText(kind))
		}
	default:
		return malformed(`Unexpected channel-binding flag "%s".`, sanitize(e.flag))
	}
	return nil
}

// checkFinal is read_client_final_message and verify_final_nonce.
func (e *Exchange) checkFinal(message []byte) error {
	if err := checkWhole(message); err != nil {
		return err
	}
	a := attributes{rest: message}
	bound, err := a.read('c')
	if err != nil {
		return err
	}
	if err := e.checkBound(bound); err != nil {
		return err
	}
	nonce, err := a.read('r')
	if err != nil {
		return err
	}
	var name byte
	var value []byte
	for name != 'p' {
		if name, value, err = a.any(); err != nil {
			return err
		}
	}
	if proof, err := base64.StdEncoding.DecodeString(string(value)); err != nil || len(proof) != sha256.Size {
		return malformed("Malformed proof in client-final-message.")
	}
	if len(a.rest) > 0 {
		return malformed("Garbage found at the end of client-final-message.")
	}
	if subtle.ConstantTimeCompare(nonce, []byte(e.nonce)) != 1 {
		return sqlstate.Fatalf(sqlstate.ProtocolViolation, "invalid SCRAM response").WithDetail("Nonce does not match.")
	}
	return nil
}

// checkBound compares what the client believes to be connected to.
func (e *Exchange) checkBound(bound []byte) error {
	want := []byte{e.flag, ',', ','}
	if e.plus {
		want = append([]byte("p=tls-server-end-point,,"), e.binding...)
	}
	if string(bound) == base64.StdEncoding.EncodeToString(want) {
		return nil
	}
	if e.plus {
		return sqlstate.Fatalf(sqlstate.InvalidAuthorization, "SCRAM channel binding check failed")
	}
	return sqlstate.Fatalf(sqlstate.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
}
