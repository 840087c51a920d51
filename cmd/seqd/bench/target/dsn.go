// Package target is a server that a benchmark draws from: how it is named and reached,
// what it is, the schema that is made on it and removed, and what it tells of its cost.
package target

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DSN is a target as it is given on the command line.
type DSN struct {
	Name   string // "": none was given
	Config *pgconn.Config
}

// keywords are what a connection string in libpq's key=value form may begin with. They
// can't be a target's name, which also stands before an equals sign.
var keywords = strings.Fields(`host hostaddr port dbname user password passfile service servicefile sslmode sslrootcert
	sslcert sslkey sslpassword sslnegotiation sslcertmode sslsni connect_timeout application_name options target_session_attrs
	channel_binding min_protocol_version max_protocol_version krbspn krbsrvname require_auth client_encoding fallback_application_name
	gssencmode keepalives requirepeer search_path timezone`)

// ParseDSN reads NAME=DSN or DSN. What is missing comes from libpq's environment
// variables and files. Errors do not show a password.
func ParseDSN(text string) (DSN, error) {
	var d DSN
	dsn := text
	if name, rest, ok := strings.Cut(text, "="); ok && isName(name) {
		d.Name, dsn = name, strings.TrimSpace(rest)
	}
	var err error
	if d.Config, err = pgconn.ParseConfig(dsn); err != nil {
		shown := d.Name
		if shown == "" {
			shown = "target"
		}
		return d, fmt.Errorf("%s: not a connection string: want postgres://user@host:port/database or \"host=… port=… user=…\": %s", shown, cause(err))
	}
	if d.Config.RuntimeParams["application_name"] == "" {
		d.Config.RuntimeParams["application_name"] = "seqd bench"
	}
	return d, nil
}

func isName(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, k := range keywords {
		if s == k {
			return false
		}
	}
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/:@?&'\"", r) }) < 0
}

// cause is the part of an error of pgconn that has no connection string in it.
func cause(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		text = text[i+len("`: "):]
	}
	return text
}

// Redacted says where a target is, without what opens it.
func (d DSN) Redacted() string { return Redacted(d.Config) }

// Redacted says where a configuration leads, without what opens it.
func Redacted(c *pgconn.Config) string {
	u := url.URL{Scheme: "postgres", Path: "/" + c.Database}
	if c.User != "" {
		u.User = url.User(c.User)
	}
	port := strconv.Itoa(int(c.Port))
	if socket(c.Host) {
		u.RawQuery = url.Values{"host": {c.Host}, "port": {port}}.Encode()
	} else {
		u.Host = net.JoinHostPort(c.Host, port)
	}
	return u.String()
}

// Place is a short name for a target without one.
func (d DSN) Place() string {
	if socket(d.Config.Host) {
		return d.Config.Host
	}
	return net.JoinHostPort(d.Config.Host, strconv.Itoa(int(d.Config.Port)))
}

// Remote is the first of its hosts that is not this machine's loopback or a socket,
// "" if none is. A name is not looked up: what it means may change until it is used.
func (d DSN) Remote() string {
	if !here(d.Config.Host) {
		return d.Config.Host
	}
	for _, f := range d.Config.Fallbacks {
		if !here(f.Host) {
			return f.Host
		}
	}
	return ""
}

func here(host string) bool {
	if socket(host) || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func socket(host string) bool { return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") }
