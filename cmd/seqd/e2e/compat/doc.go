// Package compat lets real clients work with a real PostgreSQL 15 and with seqd: each
// runs the same small program (testdata) against both, and what they print must be equal.
// What was tried is docs/compatibility.md, made by the test:
//
//	go test ./cmd/seqd/e2e/compat             all clients that are installed
//	go test ./cmd/seqd/e2e/compat -rewrite    … and docs/compatibility.md anew
//
// A client that is not there is left out aloud, or fails the test under
// SEQD_REQUIRE_CLIENTS=1. .ci/run installs them all.
package compat
