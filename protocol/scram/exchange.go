package scram

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"

	"github.com/xdg-go/scram"

	"seqd/protocol/sqlstate"
)

// The mechanisms' names.
const (
	SHA256     = "SCRAM-SHA-256"
	SHA256Plus = "SCRAM-SHA-256-PLUS"
)

// Mechanisms are what to offer a client, the best first. binding is EndPoint's.
func Mechanisms(binding []byte) []string {
	if binding == nil {
		return []string{SHA256}
	}
	return []string{SHA256Plus, SHA256}
}

// EndPoint is tls-server-end-point (RFC 5929): the hash of the certificate that a
// client was shown, nil if it has none because its signature names no hash
// (Ed25519). Then there is no channel binding.
func EndPoint(certificate *x509.Certificate) []byte {
	if certificate == nil {
		return nil
	}
	// The library takes it from the other side's certificates: it thinks of clients.
	binding, err := scram.NewTLSServerEndpointBinding(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}})
	if err != nil {
		return nil
	}
	return binding.Data
}

// Exchange is the server's side of one authentication. All its errors are told to
// the client and end it.
type Exchange struct {
	conversation *scram.ServerConversation
	binding      []byte
	plus         bool
	flag         byte // the client's gs2-cbind-flag
	nonce        string
}

// NewExchange begins one, when the client has chosen among Mechanisms(binding).
func NewExchange(v Verifier, mechanism string, binding []byte) (*Exchange, error) {
	e := &Exchange{binding: binding, plus: mechanism == SHA256Plus}
	if mechanism != SHA256 && (!e.plus || binding == nil) {
		return nil, sqlstate.Fatalf(sqlstate.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	// The name in the messages does not count: the start-up packet's does.
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) {
		return scram.StoredCredentials{
			KeyFactors: scram.KeyFactors{Salt: string(v.Salt), Iters: v.Iterations},
			StoredKey:  v.StoredKey, ServerKey: v.ServerKey,
		}, nil
	})
	if err != nil {
		return nil, err
	}
	if binding == nil {
		e.conversation = server.NewConversation()
	} else {
		e.conversation = server.NewConversationWithChannelBinding(
			scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: binding})
	}
	return e, nil
}

// First answers client-first-message with the challenge.
func (e *Exchange) First(message []byte) ([]byte, error) {
	if err := e.checkFirst(message); err != nil {
		return nil, err
	}
	challenge, err := e.conversation.Step(string(message))
	if err != nil {
		return nil, unexpected(err)
	}
	e.nonce = challenge[len("r="):bytes.IndexByte([]byte(challenge), ',')]
	return []byte(challenge), nil
}

// Final takes client-final-message. If the client knows the password the answer
// proves that the server does too; otherwise it is nil.
func (e *Exchange) Final(message []byte) ([]byte, error) {
	if err := e.checkFinal(message); err != nil {
		return nil, err
	}
	// What the library can still refuse is the proof.
	answer, err := e.conversation.Step(string(message))
	if err != nil || !e.conversation.Valid() {
		return nil, nil
	}
	return []byte(answer), nil
}

// unexpected: the library is stricter somewhere.
func unexpected(err error) *sqlstate.Error {
	e := malformed("The message is not one of SCRAM.")
	e.Cause = err
	return e
}

func malformed(format string, args ...any) *sqlstate.Error {
	return sqlstate.Fatalf(sqlstate.ProtocolViolation, "malformed SCRAM message").WithDetail(format, args...)
}
