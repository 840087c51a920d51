// Package auth tests from outside who gets in and who does not: rules, passwords,
// certificates and TLS, with a real PostgreSQL 15 as the judge and real clients.
package auth
