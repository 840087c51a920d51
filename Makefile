# Everything a contributor or a stranger needs. `make help` lists the targets.
SHELL := /bin/bash
GO ?= go
BIN := bin/seqd
export CGO_ENABLED ?= 0

# Pinned, so that a new release of a linter never breaks a build.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# A number of inputs rather than a time: Go's fuzzer now and then fails when its
# time runs out. FUZZTIME=10m makes a long run.
FUZZTIME ?= 30000x
KILLS ?= 200
SIM ?= 1000
SEED ?= 1
ROUNDS ?=
# What make check changes in the steps that it calls, so that nothing is compiled or
# vetted twice: it vets all packages once, and builds as the tests do.
TRIMPATH ?= -trimpath
GOTEST ?= $(GO) test
BENCH ?=
TIME ?= 1s
BENCHFLAGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/seqd
	$(GO) build $(TRIMPATH) -o $(BIN) ./cmd/seqd

.PHONY: run
run: build ## Build and serve on 127.0.0.1:5433, data in ./seqd-data
	./$(BIN)

.PHONY: cluster
cluster: build ## Build and run three nodes on this machine (SQL ports 5433 to 5435), data thrown away
	@./$(BIN) trial

.PHONY: test
test: unit e2e ## Run all tests (with PostgreSQL 15 installed, side by side with it)

.PHONY: unit
unit: ## The tests of single packages
	$(GOTEST) $$($(GO) list ./... | grep -v /e2e)

# They say in a line or two what they have shown: keep those, drop the names of the
# hundreds of cases that passed. Were build a prerequisite, make check -j2 would begin
# with others before.
.PHONY: e2e
e2e: ## Build, and the end-to-end tests
	@$(MAKE) --no-print-directory build
	@set -o pipefail; SEQD_BIN=$(CURDIR)/$(BIN) KILLS=$(KILLS) $(GOTEST) -v -timeout 20m ./cmd/seqd/e2e/... \
	  | grep -vE '^ *(=== |--- PASS|--- SKIP)|no test files'

# Vetting compiles all packages, which everything after it needs. With -j2 the end-to-end
# tests, which mostly wait, for elections and restarts, go beside all others.
.PHONY: check
check: ## What CI runs: all of the checks, then tests, race detector, short fuzzing
	@$(MAKE) fmt-check tidy-check vet
	@$(MAKE) TRIMPATH= GOTEST="$(GO) test -vet=off" e2e lint unit race fuzz

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

.PHONY: fmt-check
fmt-check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not formatted:"; echo "$$out"; exit 1; }

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint
lint: ## staticcheck
	$(GO) run $(STATICCHECK) ./...

.PHONY: tidy-check
tidy-check:
	$(GO) mod tidy -diff

.PHONY: generate
generate: ## Record PostgreSQL 15's system catalogs anew (make test checks them)
	$(GO) test -count=1 ./cmd/seqd/e2e/catalogs -rewrite

.PHONY: race
race: ## The tests of the concurrent packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GOTEST) -race -short ./engine/... ./protocol/... ./raftfsm/... ./server/...

# Each fuzzer has its corpus in testdata/fuzz; `go test` runs it as it stands. A package
# is built once for all of its fuzzers, and what they find is kept where `go test` does.
.PHONY: fuzz
fuzz: ## Fuzz every decoder with FUZZTIME (30000x) new inputs each
	@set -e -o pipefail; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; kept=$$($(GO) env GOCACHE)/fuzz; \
	for dir in $$(git ls-files '*_test.go' | xargs grep -l '^func Fuzz' | xargs -n1 dirname | sort -u); do \
	  $(GO) test -vet=off -c -fuzz . -o "$$tmp/fuzz.test" ./$$dir; \
	  names=$$("$$tmp/fuzz.test" -test.list '^Fuzz'); \
	  for f in $$names; do \
	    echo "$$dir $$f"; \
	    (cd $$dir && "$$tmp/fuzz.test" -test.run '^$$' -test.fuzz "^$$f$$" -test.fuzztime $(FUZZTIME) \
	      -test.fuzzminimizetime 10x -test.fuzzcachedir "$$kept/seqd/$$dir") 2>&1 | grep -v '^fuzz: elapsed'; \
	  done; done

# Once in a release, with the name of the release: the folder and what is known about
# it go into the repository, and every later seqd must open it.
.PHONY: store-folder
store-folder: build ## Store a data folder of this release under NAME, for the tests of later ones
	@test -n "$(NAME)" || { echo "say NAME=…, the release and the newest format: NAME=0.2.0-format2"; exit 1; }
	SEQD_BIN=$(CURDIR)/$(BIN) $(GO) test -count=1 ./cmd/seqd/e2e -run 'TestOldFolders$$' -store-folder "$(NAME)"

.PHONY: sim
sim: ## Simulate SIM (1000) clusters under faults, from SEED (1) on
	SIM=$(SIM) SEED=$(SEED) $(GO) test -count=1 -timeout 0 -v -run 'TestSim$$' ./raftfsm/simcluster

.PHONY: bench
bench: build ## What seqd costs next to PostgreSQL 15, Redis and canned answers (BENCH=part,part; ROUNDS=9, TIME=1s, BENCHFLAGS=-rewrite)
	$(GO) build -trimpath -o bin/bench ./cmd/seqd/e2e/suite
	SEQD_BIN=$(CURDIR)/$(BIN) bin/bench -bench "$(BENCH)" -rounds $(or $(ROUNDS),9) -time $(TIME) $(BENCHFLAGS)

.PHONY: bench-more
bench-more: build ## Times that the table of make bench has not: faults, questions to many sequences, the driver itself
	SEQD_BIN=$(CURDIR)/$(BIN) SEQD_BENCH=1 BENCH_ROUNDS=$(or $(ROUNDS),3) $(GO) test -count=1 -v -timeout 30m -run TestBench ./cmd/seqd/e2e/...

PROFILES ?= .bench/profiles
.PHONY: profile
profile: build ## CPU and allocation profiles of seqd under the standard loads, into PROFILES (.bench/profiles)
	$(GO) build -trimpath -o bin/bench ./cmd/seqd/e2e/suite
	SEQD_BIN=$(CURDIR)/$(BIN) bin/bench -profile "$(PROFILES)" -time 5s

# Needs root for the faults of the network, which are left out otherwise.
.PHONY: faults
faults: build ## A cluster's clients through every fault, ROUNDS (3) times each; CLUSTER_FAULTS selects
	SEQD_BIN=$(CURDIR)/$(BIN) CLUSTER_ROUNDS=$(or $(ROUNDS),3) $(GO) test -count=1 -v -timeout 60m -run 'Cluster(Network)?Faults$$|FailoverTime' ./cmd/seqd/e2e \
	  | grep -vE '^ *(=== |--- PASS)'

# PG_SRC: PostgreSQL 15's source, unpacked (Debian: apt-get source postgresql-15).
PG_SRC ?= ../postgresql-15
REGRESS ?=
.PHONY: regress
regress: build ## Play PostgreSQL's own regression tests (PG_SRC=folder, REGRESS="names") on both servers, statement by statement
	SEQD_BIN=$(CURDIR)/$(BIN) SEQD_PG_REGRESS=$(PG_SRC)/src/test/regress/sql SEQD_REGRESS_FILES="$(REGRESS)" \
	  $(GO) test -count=1 -v -timeout 20m -run TestRegress ./cmd/seqd/e2e

.PHONY: clean
clean: ## Remove what was built (not the data)
	rm -rf bin
