package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"seqd/cmd/seqd/e2e/nullserver"
	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/required"
	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/e2e/target"
)

var (
	rewrite = flag.Bool("rewrite", false, "record the expected answers anew, from PostgreSQL")
	only    = flag.String("only", "", "compare one server alone with the files: postgres or seqd")
)

func TestMain(m *testing.M) {
	nullserver.RunIfAsked()
	flag.Parse()
	code := m.Run()
	if p := postgres.target; p != nil {
		if err := p.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	seqdserver.CleanUp()
	os.Exit(code)
}

// postgres is one PostgreSQL for all tests, started on first use.
var postgres struct {
	once   sync.Once
	target *target.Postgres
	err    error
}

// thePostgres returns it, or nil when there is none and none is required.
func thePostgres(t *testing.T) *target.Postgres {
	t.Helper()
	if *only == "seqd" {
		return nil
	}
	postgres.once.Do(func() {
		postgres.target, postgres.err = target.NewPostgres()
	})
	if err := postgres.err; err != nil {
		if !errors.Is(err, pgserver.ErrNotFound) || os.Getenv(required.Postgres) == "1" || *rewrite {
			t.Fatal(err)
		}
		fmt.Fprintf(os.Stderr, "\n*** %s: %v; comparing seqd with what was recorded earlier ***\n\n", t.Name(), err)
		return nil
	}
	return postgres.target
}

// theSeqd returns the seqd to test, or nil when only PostgreSQL is asked for.
func theSeqd(t *testing.T) *target.Seqd {
	t.Helper()
	if *only == "postgres" || *rewrite {
		return nil
	}
	s, err := target.NewSeqd()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
