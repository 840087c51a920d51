package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes that keep a file and a function about one thing. They are guides: an
// entry in the lists below is allowed, and says why.
const (
	fileLinesMax     = 500
	functionLinesMax = 70
)

var longFiles = map[string]string{}

var longFunctions = map[string]string{}

// goFiles calls f with every Go file of the repository that is written by hand.
func goFiles(t *testing.T, f func(path string, source []byte)) {
	t.Helper()
	root := filepath.Join("..", "..")
	found := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || (strings.HasPrefix(d.Name(), ".") && path != root)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".pb.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found++
		rel, err := filepath.Rel(root, path)
		f(filepath.ToSlash(rel), source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 30 {
		t.Fatalf("found only %d files: looking in the wrong place", found)
	}
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	goFiles(t, func(path string, source []byte) {
		if lines := bytes.Count(source, []byte("\n")); lines > fileLinesMax && longFiles[path] == "" {
			t.Errorf("%s has %d lines, more than %d: does it still have one job?", path, lines, fileLinesMax)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || strings.HasSuffix(path, "_test.go") {
				continue
			}
			lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			if lines > functionLinesMax && longFunctions[path+":"+fn.Name.Name] == "" {
				t.Errorf("%s: %s has %d lines, more than %d", path, fn.Name.Name, lines, functionLinesMax)
			}
		}
	})
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	documented := map[string]bool{}
	goFiles(t, func(path string, source []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(path)
		documented[folder] = documented[folder] || file.Doc != nil
	})
	for folder, ok := range documented {
		if !ok {
			t.Errorf("%s: no package comment", folder)
		}
	}
}

// skips lists the tests that may be left out, and where they are not.
var skips = map[string]string{
	"cmd/seqd/e2e/required/required.go":      "PostgreSQL, clients and a browser, which CI installs and requires; says so loudly elsewhere",
	"cmd/seqd/e2e/cluster_disks_test.go":     "fills small tmpfs mounts, as root; CI is root; says so loudly elsewhere",
	"cmd/seqd/e2e/cluster_upgrade_test.go":   "needs the release before, which is built from the history: a clone without it says so loudly",
	"cmd/seqd/e2e/cluster_network_test.go":   "needs network namespaces, which only root has: without, it says so loudly",
	"cmd/seqd/e2e/cluster_scenarios_test.go": "left out only by the flags that record from PostgreSQL alone",
	"raftfsm/node/disk_test.go":              "fills a small tmpfs, which only root can mount; CI is root",
}

func TestNothingLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:", "t.Sk" + "ip(", "tb.Sk" + "ip("}
	goFiles(t, func(path string, source []byte) {
		for i, line := range strings.Split(string(source), "\n") {
			for _, mark := range marks {
				if strings.Contains(line, mark) && (!strings.HasPrefix(mark, "t") || skips[path] == "") {
					t.Errorf("%s:%d: %s: do it, or write it into an issue", path, i+1, mark)
				}
			}
		}
	})
}
