package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/server/certs"
)

const rulesFile = "pg_hba.conf"

// firstRules are those that `seqd cert` makes: the administrator on this machine can
// set passwords, everybody else needs one, and TLS.
const firstRules = `# Who may log in, in PostgreSQL's format; the first line that fits decides.
# After a change: SELECT pg_reload_conf(), or kill -HUP the server.
#
# TYPE    DATABASE  USER  ADDRESS       METHOD
host      all       all   127.0.0.1/32  trust
host      all       all   ::1/128       trust
hostssl   all       all   all           scram-sha-256
`

// makeCertificates is `seqd cert`.
func makeCertificates(cfg *config.Cert, out io.Writer) error {
	set, err := certs.OpenSet(cfg.Dir, cfg.Days)
	if err != nil {
		return err
	}
	report := []string{fmt.Sprintf("In %s:", cfg.Dir)}
	say := func(file, what string) { report = append(report, fmt.Sprintf("  %-12s %s", file, what)) }
	authority := "the authority that was there; clients need it (sslrootcert)"
	if set.Created {
		authority = "a new authority, for ten years; clients need it (sslrootcert)"
	}
	say(certs.CACert, authority)
	say(certs.CAKey, "its private key, for seqd cert alone: keep it, away from the server if you can")
	hosts := serverNames(cfg.Hosts)
	if _, err := os.Stat(set.Path(certs.ServerCert)); len(cfg.Client) == 0 || len(cfg.Hosts) > 0 || errors.Is(err, fs.ErrNotExist) {
		cert, err := set.Server(hosts)
		if err != nil {
			return err
		}
		say(certs.ServerCert, "certificate of the server "+names(cert)+", "+until(cert))
		say(certs.ServerKey, "its private key")
	}
	for _, user := range cfg.Client {
		cert, err := set.Client(user)
		if err != nil {
			return err
		}
		say(user+".pem", "certificate of the user "+user+", "+until(cert)+" (sslcert)")
		say(user+".key", "its private key (sslkey); for Java "+user+".pk8")
	}
	made, err := writeRules(set.Path(rulesFile))
	if err != nil {
		return err
	}
	say(rulesFile, made)
	clientCA := ""
	if len(cfg.Client) > 0 {
		clientCA = " --tls-client-ca " + set.Path(certs.CACert)
	}
	report = append(report, "", "The server:",
		fmt.Sprintf("  seqd --listen 0.0.0.0:5433 --hba-file %s --tls-cert %s --tls-key %s%s",
			set.Path(rulesFile), set.Path(certs.ServerCert), set.Path(certs.ServerKey), clientCA),
		"A role for them, made on the server's machine:",
		`  psql -h 127.0.0.1 -p 5433 -U postgres -c "CREATE ROLE joe LOGIN PASSWORD 'a long one'"`,
		"Clients, with "+certs.CACert+":",
		fmt.Sprintf(`  psql "host=%s port=5433 user=joe dbname=postgres sslmode=verify-full sslrootcert=%s"`, hosts[0], set.Path(certs.CACert)))
	_, err = fmt.Fprintln(out, strings.Join(report, "\n"))
	return err
}

// serverNames are the names given and those that this machine has anyway.
func serverNames(given []string) []string {
	all := append([]string(nil), given...)
	if name, err := os.Hostname(); err == nil && name != "" {
		all = append(all, name)
	}
	all = append(all, "localhost", "127.0.0.1", "::1")
	var names []string
	for _, name := range all {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func names(cert *x509.Certificate) string {
	all := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}

func until(cert *x509.Certificate) string {
	return "good until " + cert.NotAfter.Format(time.DateOnly)
}

// writeRules makes rules to begin with, where there are none.
func writeRules(path string) (string, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return "rules for who may log in, as they were", nil
	}
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(firstRules)
	return "rules for who may log in: a password and TLS, but not on the server's own machine", errors.Join(err, f.Close())
}
