// Package required ends tests that lack something which is not part of the repository:
// they are skipped aloud, or fail where it must be there.
package required

import (
	"fmt"
	"os"
	"testing"
)

// Variables that, set to 1, turn something missing into a failure. CI sets them.
const (
	Postgres = "SEQD_REQUIRE_POSTGRES" // PostgreSQL 15
	Clients  = "SEQD_REQUIRE_CLIENTS"  // drivers, tools, a browser
)

// Missing ends a test that can't run, why tells what it lacks.
func Missing(tb testing.TB, variable string, why error) {
	tb.Helper()
	if os.Getenv(variable) == "1" {
		tb.Fatal(why)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s SKIPPED: %v; set %s=1 to make this a failure ***\n\n", tb.Name(), why, variable)
	tb.Skip(why)
}
