// Package e2e tests seqd from outside: real processes, real clients, and a real
// PostgreSQL 15 beside it as the judge. Its parts:
//
//	pgserver, seqdserver   start, stop and kill the two servers, and clusters of seqd
//	target                 a fresh one of either for every case
//	scenario               files of statements, or of messages, with expected answers
//	wireclient             a client that hides nothing
//	proc                   child processes
//	auth                   who gets in: rules, passwords, certificates, TLS
//	compat                 drivers, ORMs and tools: docs/compatibility.md
//	audit                  no value twice, none out of bounds, none out of order
//
// The tests:
//
//	go test ./cmd/seqd/e2e                          all but the benchmark
//	go test ./cmd/seqd/e2e -run Scenarios/log_cnt   one file of testdata/scenarios
//	go test ./cmd/seqd/e2e -run Wire                the files of testdata/wire
//	go test ./cmd/seqd/e2e -run Scenarios -rewrite  record the files anew, from PostgreSQL
//	go test ./cmd/seqd/e2e -run Kill9 -kills 5000   a long run
//	go test ./cmd/seqd/e2e -run Cluster             three nodes: faults, and the scenarios again
//	CLUSTER_ROUNDS=100 go test ./cmd/seqd/e2e -run 'ClusterFaults|Failover' -timeout 2h
//	SEQD_BENCH=1 go test ./cmd/seqd/e2e -run Bench -v
//
// SEQD_BIN names a built binary to test instead of one built from the sources.
// Without PostgreSQL the recorded answers still hold for seqd; what needs the real
// one is skipped aloud, or fails under SEQD_REQUIRE_POSTGRES=1.
package e2e
