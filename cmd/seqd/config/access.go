package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// AccessFlags are the server's flags about who gets in, and how.
type AccessFlags struct {
	HBAFile           string `name:"hba-file" type:"path" placeholder:"FILE" help:"Rules for who may log in, in the format of PostgreSQL's pg_hba.conf. Without it everybody is believed, on loopback only. SIGHUP reads it again."`
	IdentFile         string `name:"ident-file" type:"path" placeholder:"FILE" help:"Maps for certificate logins, in the format of PostgreSQL's pg_ident.conf."`
	AllowUnauthorized bool   `name:"allow-unauthenticated" help:"Accept clients without a password on addresses other than loopback. Anyone who reaches the port is superuser."`
	TLSCert           string `name:"tls-cert" type:"path" placeholder:"FILE" help:"Certificate of the server for its clients, and those in between (PEM). Read again when it changes."`
	TLSKey            string `name:"tls-key" type:"path" placeholder:"FILE" help:"Its private key (PEM), which nobody else may read."`
	TLSClientCA       string `name:"tls-client-ca" type:"path" placeholder:"FILE" help:"Certificates of the authority that signs clients' certificates (PEM)."`
}

// Cert makes certificates.
type Cert struct {
	Hosts  []string `arg:"" optional:"" name:"host" help:"Names and addresses under which clients reach the server. localhost and this machine's name are added."`
	Dir    string   `default:"./seqd-tls" placeholder:"DIR" help:"Folder of the set (${default}). If it has an authority, that one signs."`
	Client []string `placeholder:"USER,..." help:"Make certificates for these users too; the server's stays as it is unless HOST is given or there is none."`
	Days   int      `default:"825" placeholder:"N" help:"How long certificates are good for (${default}); the authority is for ten years."`
}

func (a *AccessFlags) validate(listen, host string) error {
	switch {
	case (a.TLSCert == "") != (a.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key: both are needed, or none")
	case a.TLSClientCA != "" && a.TLSCert == "":
		return errors.New("--tls-client-ca: needs --tls-cert and --tls-key")
	case a.IdentFile != "" && a.HBAFile == "":
		return errors.New("--ident-file: needs --hba-file")
	case a.HBAFile != "" && a.AllowUnauthorized:
		return errors.New("--allow-unauthenticated: the rules of --hba-file say who gets in without a password")
	case !loopback(host) && a.HBAFile == "" && !a.AllowUnauthorized:
		return firstSteps(listen, host)
	}
	return nil
}

// firstSteps refuses to be open to everybody, with the two lines that do it right.
func firstSteps(listen, host string) error {
	made := "seqd cert"
	if !everyAddress(host) {
		made += " " + host
	}
	return fmt.Errorf(`--listen %q: refusing to serve other machines without rules for who may log in. These two lines make certificates and rules, and serve with them:

  %s
  seqd --listen %s --hba-file ./seqd-tls/pg_hba.conf --tls-cert ./seqd-tls/server.pem --tls-key ./seqd-tls/server.key

(If the network is yours alone: --allow-unauthenticated.)`, listen, made, listen)
}

func (c *Cert) validate() error {
	if c.Days < 1 || c.Days > 36500 {
		return fmt.Errorf("--days %d: want 1 to 36500", c.Days)
	}
	for _, host := range c.Hosts {
		if _, _, err := net.SplitHostPort(host); err == nil || strings.ContainsAny(host, " /,") || host == "" {
			return fmt.Errorf("host %q: want a name or an IP address, without a port", host)
		}
	}
	return nil
}
