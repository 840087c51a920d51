package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// policy is the layering of the repository: a package may import, of ours, what
// stands behind the arrow and nothing else. Imports go down only. Tests may import
// more, but never upwards across the line between raftfsm and server/protocol.
const policy = `
protocol/sqlstate ->
protocol/pgtypes -> protocol/jsontree protocol/sqlstate protocol/timezone
protocol/timezone ->
protocol/jsontree -> protocol/sqlstate
protocol/parser -> protocol/sqlstate
protocol/wire -> protocol/sqlstate
protocol/scram -> protocol/sqlstate
engine/sequence ->
engine/acl -> protocol/sqlstate
engine -> engine/acl engine/sequence protocol/sqlstate
engine/query -> engine engine/acl engine/query/* engine/sequence protocol/jsontree protocol/parser protocol/pgtypes protocol/sqlstate protocol/timezone
engine/query/* -> engine engine/acl engine/query/* engine/sequence protocol/jsontree protocol/parser protocol/pgtypes protocol/sqlstate
raftfsm/lease ->
raftfsm/codec -> engine engine/acl engine/sequence protocol/sqlstate raftfsm/lease
raftfsm -> engine raftfsm/codec raftfsm/internal/seams raftfsm/lease protocol/sqlstate
raftfsm/internal/seams ->
raftfsm/simcluster ->
raftfsm/allocator -> engine engine/sequence protocol/sqlstate
raftfsm/logtest -> engine engine/acl engine/sequence
raftfsm/peer -> protocol/sqlstate
raftfsm/forward -> raftfsm/allocator raftfsm/codec raftfsm/lease raftfsm/peer engine engine/sequence protocol/sqlstate
raftfsm/node -> raftfsm raftfsm/codec raftfsm/allocator raftfsm/internal/seams raftfsm/lease raftfsm/peer engine engine/sequence protocol/sqlstate
server/session/settings -> protocol/parser protocol/pgtypes protocol/sqlstate protocol/timezone
server/session/changes -> engine engine/acl engine/sequence protocol/parser server/audit
server/session -> server/audit server/hba server/session/changes server/session/settings engine engine/acl engine/query engine/query/builtin engine/sequence protocol/parser protocol/pgtypes protocol/scram protocol/sqlstate protocol/timezone
server/hba ->
server/audit ->
server/certs ->
server/auth -> server server/audit server/hba protocol/scram protocol/wire protocol/sqlstate
server -> server/session protocol/wire protocol/sqlstate
cmd/seqd/config ->
cmd/seqd/admin ->
cmd/seqd/bench/result ->
cmd/seqd/bench/drive -> cmd/seqd/bench/result
cmd/seqd/bench/report -> cmd/seqd/bench/result
cmd/seqd/bench/grid -> cmd/seqd/bench/result
cmd/seqd/bench/own -> cmd/seqd/proc
cmd/seqd/bench/target -> cmd/seqd/bench/own cmd/seqd/bench/result
cmd/seqd/bench -> cmd/seqd/bench/*
cmd/seqd -> *
cmd/seqd/proc ->
cmd/seqd/e2e -> cmd/seqd/e2e/* cmd/seqd/proc
cmd/seqd/e2e/suite -> cmd/seqd/e2e/* cmd/seqd/proc cmd/seqd/bench cmd/seqd/bench/*
cmd/seqd/e2e/* -> cmd/seqd/e2e/* cmd/seqd/proc
`

// pure lists what the deterministic layers may not import: anything through which
// the world outside of the log could change a result.
var pure = map[string][]string{
	"engine":          {"time", "math/rand", "math/rand/v2", "crypto/rand", "os", "net", "log", "log/slog", "context", "sync", "sync/atomic"},
	"engine/acl":      {"time", "math/rand", "math/rand/v2", "crypto/rand", "os", "net", "log", "log/slog", "context", "sync", "sync/atomic"},
	"engine/sequence": {"time", "math/rand", "math/rand/v2", "crypto/rand", "os", "net", "log", "log/slog", "context", "sync", "sync/atomic"},
}

// onlyIn lists third parties that belong to one place.
var onlyIn = map[string][]string{
	"github.com/hashicorp/raft":          {"raftfsm"},
	"github.com/hashicorp/raft-boltdb":   {"raftfsm/node"},
	"go.etcd.io/bbolt":                   {"raftfsm/node"},
	"github.com/jackc/pgx/v5/pgproto3":   {"protocol/wire", "server", "cmd/seqd/bench/drive", "cmd/seqd/e2e"},
	"github.com/schollz/progressbar":     {"cmd/seqd"},
	"github.com/alecthomas/kong":         {"cmd/seqd/config"},
	"github.com/prometheus":              {"cmd/seqd/admin"},
	"github.com/hashicorp/golang-lru/v2": {"server/session", "server/auth"},
	"github.com/jedib0t/go-pretty/v6":    {"cmd/seqd/bench/report"},
	"golang.org/x/perf":                  {"cmd/seqd/bench/report"},
	"gonum.org/v1/plot":                  {"cmd/seqd/bench/report"},
	"github.com/xdg-go/scram":            {"protocol/scram"},
	"github.com/xdg-go/stringprep":       {"protocol/scram"},
}

const module = "seqd"

// repository returns the imports of every Go file, by package folder. They are
// read in this process: the answers of a go list command would be cached.
func repository(t *testing.T, tests bool) map[string]map[string]bool {
	t.Helper()
	imports := map[string]map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || (strings.HasPrefix(d.Name(), ".") && path != root)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || (strings.HasSuffix(path, "_test.go") && !tests) {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		folder = filepath.ToSlash(folder)
		if imports[folder] == nil {
			imports[folder] = map[string]bool{}
		}
		for _, spec := range f.Imports {
			imports[folder][strings.Trim(spec.Path.Value, `"`)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 10 {
		t.Fatalf("found only %d packages: looking in the wrong place", len(imports))
	}
	return imports
}

func matches(pattern, folder string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	return pattern == folder || (wild && strings.HasPrefix(folder, prefix))
}

func TestImportsGoDown(t *testing.T) {
	allowed := map[string][]string{}
	var patterns []string
	for _, line := range strings.Split(strings.TrimSpace(policy), "\n") {
		from, to, ok := strings.Cut(line, "->")
		if !ok {
			t.Fatalf("policy line %q", line)
		}
		from = strings.TrimSpace(from)
		allowed[from] = strings.Fields(to)
		patterns = append(patterns, from)
	}
	for folder, imports := range repository(t, false) {
		i := slices.IndexFunc(patterns, func(p string) bool { return matches(p, folder) })
		if i < 0 {
			t.Errorf("%s is not in the policy: say what it may import", folder)
			continue
		}
		for path := range imports {
			ours, ok := strings.CutPrefix(path, module+"/")
			if !ok {
				continue
			}
			if !slices.ContainsFunc(allowed[patterns[i]], func(p string) bool { return matches(p, ours) }) {
				t.Errorf("%s imports %s, which the policy forbids", folder, ours)
			}
		}
	}
}

func TestPureLayersStayPure(t *testing.T) {
	all := repository(t, false)
	for folder, forbidden := range pure {
		if len(all[folder]) == 0 {
			t.Errorf("%s: no imports found", folder)
		}
		for _, path := range forbidden {
			if all[folder][path] {
				t.Errorf("%s imports %s: state would depend on more than the log", folder, path)
			}
		}
	}
}

func TestThirdPartiesHaveTheirPlace(t *testing.T) {
	for folder, imports := range repository(t, false) {
		for path := range imports {
			for prefix, places := range onlyIn {
				if path != prefix && !strings.HasPrefix(path, prefix+"/") {
					continue
				}
				fits := slices.ContainsFunc(places, func(p string) bool { return folder == p || strings.HasPrefix(folder, p+"/") })
				if !fits {
					t.Errorf("%s imports %s, which belongs to %v", folder, path, places)
				}
			}
		}
	}
}

// The replicated side knows no SQL and no socket; the serving side no raft: not
// even in tests.
func TestServingAndReplicationMeetInCmdOnly(t *testing.T) {
	for folder, imports := range repository(t, true) {
		for path := range imports {
			ours, ok := strings.CutPrefix(path, module+"/")
			if !ok {
				continue
			}
			replication := strings.HasPrefix(folder+"/", "raftfsm/")
			serving := strings.HasPrefix(folder, "server") || strings.HasPrefix(folder, "protocol/")
			if replication && (strings.HasPrefix(ours, "server") || strings.HasPrefix(ours, "protocol/wire") || strings.HasPrefix(ours, "protocol/parser")) {
				t.Errorf("%s (or its tests) imports %s", folder, ours)
			}
			if serving && strings.HasPrefix(ours, "raftfsm") {
				t.Errorf("%s (or its tests) imports %s", folder, ours)
			}
		}
	}
}
