package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seqd/cmd/seqd/e2e/regress"
)

// regressDir names src/test/regress/sql of PostgreSQL's source.
const regressDir = "SEQD_PG_REGRESS"

// TestRegress plays scripts of PostgreSQL's own regression tests on both servers:
// make regress PG_SRC=…. It is a report, not a gate: many statements are about what
// stands in rows. Its number of equal statements must not fall (regressFloor).
func TestRegress(t *testing.T) {
	dir := os.Getenv(regressDir)
	if dir == "" {
		fmt.Println("PostgreSQL's regression tests: not played (make regress PG_SRC=folder of its source)")
		return
	}
	pg, seqd := thePostgres(t), theSeqd(t)
	if pg == nil || seqd == nil {
		t.Fatal("needs both servers")
	}
	files := strings.Fields(os.Getenv("SEQD_REGRESS_FILES"))
	if len(files) == 0 {
		files = slices.Sorted(maps.Keys(regressFloor))
	}
	for _, name := range files {
		t.Run(name, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join(dir, name+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := regress.Compare(regress.Split(string(script)), pg, seqd)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("regress %-16s %4d equal, %4d different, %4d not served\n", name, r.Equal, len(r.Different), len(r.NotServed))
			if testing.Verbose() {
				for _, d := range r.Different {
					t.Log(d)
				}
				for _, d := range r.NotServed {
					t.Log("not served: " + d)
				}
			}
			if r.Equal < regressFloor[name] {
				t.Errorf("%d statements are equal; it were %d", r.Equal, regressFloor[name])
			}
		})
	}
}

// regressFloor is the number of equal statements reached so far, by script.
var regressFloor = map[string]int{
	"advisory_lock": 37, "create_role": 96, "create_schema": 21, "dependency": 58, "drop_if_exists": 44, "guc": 189,
	"identity": 121, "int8": 130, "namespace": 22, "prepare": 30, "prepared_xacts": 71, "privileges": 848,
	"regproc": 81, "roleattributes": 80, "sequence": 245, "temp": 120, "transactions": 314, "xid": 47,
}
