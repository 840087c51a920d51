package e2e

import (
	"fmt"
	"os"
	"path/filepath"
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
		for name := range regressFloor {
			files = append(files, name)
		}
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
	"advisory_lock": 0, "create_role": 0, "create_schema": 0, "dependency": 0, "drop_if_exists": 0, "guc": 0,
	"identity": 0, "int8": 0, "namespace": 0, "prepare": 0, "prepared_xacts": 0, "privileges": 0,
	"regproc": 0, "roleattributes": 0, "sequence": 0, "temp": 0, "transactions": 0, "xid": 0,
}
