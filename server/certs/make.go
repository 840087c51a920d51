package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names in the folder of a set.
const (
	CACert     = "ca.pem"
	CAKey      = "ca.key"
	ServerCert = "server.pem"
	ServerKey  = "server.key"
)

// authorityYears is how long an authority made here is good for.
const authorityYears = 10

// Set is a folder with an authority of its own and what it has signed.
type Set struct {
	Dir  string
	Days int // how long what it signs is good for
	// Created tells whether the authority was made by OpenSet.
	Created bool

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// OpenSet opens a folder's authority, or makes one.
func OpenSet(dir string, days int) (*Set, error) {
	s := &Set{Dir: dir, Days: days}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	there := 0
	for _, name := range []string{CACert, CAKey} {
		if _, err := os.Stat(s.Path(name)); err == nil {
			there++
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	switch there {
	case 0:
		return s, s.create()
	case 1:
		return nil, fmt.Errorf("%s and %s must both be in %s, or neither: another authority would be of no use to clients that know this one", CACert, CAKey, dir)
	}
	return s, s.load()
}

// Path is where a file of the set lies.
func (s *Set) Path(name string) string { return filepath.Join(s.Dir, name) }

func (s *Set) load() error {
	key, err := readPEM(s.Path(CAKey))
	if err != nil {
		return err
	}
	cert, err := readPEM(s.Path(CACert))
	if err != nil {
		return err
	}
	if s.cert, err = x509.ParseCertificate(cert); err != nil {
		return fmt.Errorf("%s: %w", s.Path(CACert), err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Path(CAKey), err)
	}
	var ok bool
	if s.key, ok = parsed.(*ecdsa.PrivateKey); !ok || !s.key.PublicKey.Equal(s.cert.PublicKey) {
		return fmt.Errorf("%s is not the key of %s", s.Path(CAKey), s.Path(CACert))
	}
	return nil
}

func (s *Set) create() error {
	s.Created = true
	name := make([]byte, 4)
	rand.Read(name) // never fails
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: fmt.Sprintf("seqd authority %x", name)},
		IsCA:    true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	template.NotAfter = time.Now().AddDate(authorityYears, 0, 0)
	s.key = key
	if s.cert, err = s.sign(template, template, key); err != nil {
		return err
	}
	return s.write(CACert, CAKey, s.cert, key)
}

// Server makes the certificate of a server that clients know by these names and
// addresses, in place of the one before.
func (s *Set) Server(hosts []string) (*x509.Certificate, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: hosts[0]},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	cert, _, err := s.issue(template, ServerCert, ServerKey)
	return cert, err
}

// Client makes the certificate of a user: user.pem, user.key, and the key once more
// in the form that Java wants, user.pk8.
func (s *Set) Client(user string) (*x509.Certificate, error) {
	if user == "" || user != filepath.Base(user) || user[0] == '.' {
		return nil, fmt.Errorf("client %q: the name must also do as a file's", user)
	}
	for _, taken := range []string{CACert, ServerCert} {
		if user+".pem" == taken {
			return nil, fmt.Errorf("client %q: %s is another's file", user, taken)
		}
	}
	cert, key, err := s.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: user},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, user+".pem", user+".key")
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return cert, replace(s.Path(user+".pk8"), der, 0o600)
}

func (s *Set) issue(template *x509.Certificate, certFile, keyFile string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.NotAfter = time.Now().AddDate(0, 0, s.Days)
	if template.NotAfter.After(s.cert.NotAfter) {
		template.NotAfter = s.cert.NotAfter
	}
	cert, err := s.sign(template, s.cert, key)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, s.write(certFile, keyFile, cert, key)
}

// sign fills in what all certificates have in common. They begin an hour ago, for
// clocks that are behind.
func (s *Set) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), s.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// write puts the certificate in place after its key: a server that looks in between
// finds that they do not fit, and looks again.
func (s *Set) write(certFile, keyFile string, cert *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := replace(s.Path(keyFile), text, 0o600); err != nil {
		return err
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	return replace(s.Path(certFile), text, 0o644)
}

// replace writes a file beside and moves it into place: nobody reads half of it, and
// a key is nobody else's to read at any moment.
func replace(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when all went well
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// newKey: P-256, which every client knows, and whose signature names a hash for
// channel binding, as Ed25519's would not.
func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func readPEM(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM text", file)
	}
	return block.Bytes, nil
}
