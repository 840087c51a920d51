package auth

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seqd/cmd/seqd/e2e/required"
)

// seedSession is what the seed "permission denied for sequence" types into psql, up to
// the moment when its program fails, and seedCure the three steps of its solution.
const (
	seedSession = `CREATE ROLE "Stephen" LOGIN SUPERUSER;
CREATE USER sdc PASSWORD 'seed';
CREATE DATABASE my_database TEMPLATE template0 OWNER sdc;
CREATE DATABASE sdc TEMPLATE template0 OWNER "Stephen";
GRANT ALL ON DATABASE sdc TO sdc;
REVOKE CONNECT ON DATABASE my_database FROM sdc;
\l
\connect sdc
SET ROLE "Stephen";
CREATE TABLE descriptions (id serial PRIMARY KEY, product_id int, product_name text, features text, tech_specs text);
GRANT ALL ON descriptions TO sdc;
\dp descriptions
\dp descriptions_id_seq
`
	seedCure = `\connect sdc
SET ROLE "Stephen";
GRANT ALL ON SEQUENCE descriptions_id_seq TO sdc;
\dp descriptions_id_seq
\dp
\z desc*
\connect my_database
SELECT current_database(), session_user;
\l sdc
`
)

// TestSeedPermissionDenied plays the seed's session with psql and the real node-postgres
// on both servers: alike at every step, 42501 before the GRANT and a value after it.
func TestSeedPermissionDenied(t *testing.T) {
	if err := runs("node", "-e", "require('pg')")(); err != nil {
		required.Missing(t, required.Clients, err)
	}
	pg, seqd, _ := both(t)
	var said []string
	for _, j := range []*judged{pg, seqd} {
		j.rules(t, "host all postgres all trust\nhost all all all scram-sha-256")
		host, port, err := net.SplitHostPort(j.addr)
		if err != nil {
			t.Fatal(err)
		}
		psql := func(script string) string {
			file := filepath.Join(t.TempDir(), "script.sql")
			if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("psql", "-X", "-a", "-w", "-h", host, "-p", port, "-U", "postgres", "-f", file)
			cmd.Env = clientEnv()
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("psql: %v\n%s", err, out)
			}
			return strings.ReplaceAll(string(out), file, "script.sql")
		}
		program := func() string {
			return output(t, []string{"node", scripts + "seed.js", host, port, "sdc", "seed", "sdc"})
		}
		before := psql(seedSession)
		failed := program()
		cured := psql(seedCure)
		worked := program() + "\n" + program()
		if want := "There was an error! --> error ERROR 42501 permission denied for sequence descriptions_id_seq"; failed != want {
			t.Errorf("%s: before the GRANT: %s", j.addr, failed)
		}
		if want := "SELECT 1: 1\nSELECT 1: 2"; worked != want {
			t.Errorf("%s: after the GRANT: %s", j.addr, worked)
		}
		said = append(said, before+failed+cured+worked)
	}
	if said[0] != said[1] {
		t.Errorf("seqd:\n%s\nPostgreSQL:\n%s", said[1], said[0])
	}
	for _, shown := range []string{"=Tc/Stephen", "sdc=CTc/Stephen", "Stephen=arwdDxt/Stephen", "sdc=arwdDxt/Stephen", "sdc=rwU/Stephen",
		`You are now connected to database "sdc" as user "postgres".`} {
		if !strings.Contains(said[1], shown) {
			t.Errorf("%s is not shown", shown)
		}
	}
}
