// Package certs is the server's certificates: loaded from files, loaded anew when the
// files change, and made, for those who have no authority of their own.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// lookEvery is how often files are looked at, at most.
const lookEvery = time.Second

// Files names PEM files. Without ClientCA clients are asked for no certificate.
type Files struct{ Cert, Key, ClientCA string }

// Store holds the TLS configuration that the files make.
type Store struct {
	files Files
	alpn  string
	log   *slog.Logger

	mu     sync.Mutex
	config *tls.Config
	seen   [3]stamp  // of the files, when they were last read
	looked time.Time // when seen was last compared
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
	inode    uint64
}

// NewStore loads the files. alpn is the protocol's name in TLS.
func NewStore(files Files, alpn string, log *slog.Logger) (*Store, error) {
	s := &Store{files: files, alpn: alpn, log: log, seen: files.stamps(), looked: time.Now()}
	config, err := s.load()
	s.config = config
	return s, err
}

// Config is what to serve a new connection with. If a file has changed all are read
// again; as long as they do not fit together (a new certificate has come, its key
// not yet) what was good before stays.
func (s *Store) Config() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.looked) >= lookEvery {
		s.looked = now
		if seen := s.files.stamps(); seen != s.seen {
			s.seen = seen
			s.reload()
		}
	}
	return s.config
}

// Reload reads the files at once, changed or not: SIGHUP.
func (s *Store) Reload() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.looked = s.files.stamps(), time.Now()
	return s.reload()
}

// reload is called with mu held.
func (s *Store) reload() bool {
	config, err := s.load()
	if err != nil {
		s.log.Error("certificates were not reloaded, the old ones stay in use", "error", err)
		return false
	}
	s.config = config
	leaf := config.Certificates[0].Leaf
	s.log.Info("certificates were reloaded", "subject", leaf.Subject.String(), "expires", leaf.NotAfter)
	return true
}

func (s *Store) load() (*tls.Config, error) {
	if err := private(s.files.Key); err != nil {
		return nil, fmt.Errorf("--tls-key: %w", err)
	}
	own, err := tls.LoadX509KeyPair(s.files.Cert, s.files.Key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{own},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{s.alpn},
		// As in PostgreSQL. A ticket would let a client in again whose certificate is
		// not trusted any more.
		SessionTicketsDisabled: true,
	}
	if s.files.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(s.files.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("--tls-client-ca: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--tls-client-ca: no certificate in %s", s.files.ClientCA)
	}
	// Whether one is needed is for pg_hba.conf to say; a bad one is refused by TLS.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}

// private refuses a key that others may read, as PostgreSQL does: root's own may be
// read by its group.
func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	allowed := fs.FileMode(0o700)
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid == 0 {
		allowed = 0o740
	}
	if mode := info.Mode().Perm(); mode&^allowed != 0 {
		return errors.New(`private key file "` + file + `" has group or world access; ` +
			"it must have permissions u=rw (0600) or less, or u=rw,g=r (0640) or less if root owns it")
	}
	return nil
}

func (f Files) stamps() (s [3]stamp) {
	for i, name := range []string{f.Cert, f.Key, f.ClientCA} {
		info, err := os.Stat(name)
		if name == "" || err != nil {
			continue // a missing file is the zero stamp
		}
		s[i] = stamp{modified: info.ModTime(), size: info.Size()}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			s[i].inode = st.Ino
		}
	}
	return s
}
