package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// storeFolder makes testdata/folders/NAME.tar.gz with the seqd under test, once for
// each release: make store-folder.
var storeFolder = flag.String("store-folder", "", "store a data folder of this release under the name")

const foldersDir = "testdata/folders"

// folderSetup is what a stored folder was made by. A later release may add to it.
var folderSetup = []string{
	"CREATE SEQUENCE plain",
	"CREATE SEQUENCE down INCREMENT -3 MINVALUE -1000000 MAXVALUE 50 START 50",
	"CREATE SEQUENCE cached CACHE 10",
	"CREATE SEQUENCE small AS smallint MINVALUE -5 MAXVALUE 5 CYCLE",
	"CREATE SEQUENCE \"Ünused\"",
	"CREATE SEQUENCE moved",
	"CREATE SEQUENCE dropped",
	"SELECT nextval('plain') FROM generate_series(1, 40)",
	"SELECT nextval('down') FROM generate_series(1, 5)",
	"SELECT nextval('cached')",
	"SELECT nextval('small') FROM generate_series(1, 13)",
	"CHECKPOINT", // what was so far stands in the snapshot, what follows in the log
	"SELECT nextval('plain') FROM generate_series(1, 10)",
	"SELECT setval('moved', 9000000000)",
	"ALTER SEQUENCE down MAXVALUE 60",
	"ALTER SEQUENCE \"Ünused\" RENAME TO unused",
	"DROP SEQUENCE dropped",
}

// drawn is how many values of each sequence are compared.
const drawn = 12

// storedFolder is what is known about a stored folder, by sequence: as the release
// that wrote it said, started again on a copy of it.
type storedFolder map[string]storedSequence

type storedSequence struct {
	Last  int64   // the last value handed out before the end
	Row   string  // SELECT * after the start
	Next  []int64 // what comes next
	After string  // SELECT * after that, which shows the cache
}

// TestOldFolders opens data folders as earlier releases wrote them: all is there, goes
// on where the old one would have, and can be opened again.
func TestOldFolders(t *testing.T) {
	if *storeFolder != "" {
		store(t, *storeFolder)
	}
	archives, err := filepath.Glob(filepath.Join(foldersDir, "*.tar.gz"))
	must(t, err)
	if len(archives) == 0 {
		t.Fatal("no stored folders")
	}
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			var want storedFolder
			b, err := os.ReadFile(filepath.Join(foldersDir, name+".json"))
			must(t, err)
			must(t, json.Unmarshal(b, &want))
			folder := t.TempDir()
			run(t, "tar", "-xzf", archive, "-C", folder)
			server, err := seqdserver.Start(seqdserver.Options{DataDir: folder})
			must(t, err)
			defer server.Close()
			compareFolder(t, server, &want)
			must(t, server.Kill9())
			must(t, server.Restart())
			conn := connectTo(t, server)
			for name, s := range want {
				last := s.Next[drawn-1]
				again := value(t, conn, name)
				if name == "small" {
					continue // it cycles
				}
				if ahead := again > last; ahead != (name != "down") || again == last {
					t.Errorf("%s: %d after a restart, %d before", name, again, last)
				}
			}
		})
	}
}

func compareFolder(t *testing.T, server *seqdserver.Server, want *storedFolder) {
	t.Helper()
	conn := connectTo(t, server)
	defer conn.Close(context.Background())
	for name, s := range *want {
		got := look(t, conn, name)
		got.Last = s.Last
		if !reflect.DeepEqual(got, s) {
			t.Errorf("%s: %+v, the release that wrote it says %+v", name, got, s)
		}
	}
	_, err := conn.Exec(t.Context(), "CREATE SEQUENCE newer; SELECT nextval('newer'); ALTER SEQUENCE plain CACHE 5; DROP SEQUENCE newer")
	must(t, err)
	if _, err := conn.Exec(t.Context(), "SELECT nextval('dropped')"); err == nil {
		t.Error("a sequence that was dropped is there")
	}
}

// look draws from a sequence.
func look(t *testing.T, conn *pgx.Conn, name string) (s storedSequence) {
	t.Helper()
	s.Row = row(t, conn, name)
	for range drawn {
		s.Next = append(s.Next, value(t, conn, name))
	}
	s.After = row(t, conn, name)
	return s
}

func row(t *testing.T, conn *pgx.Conn, name string) string {
	t.Helper()
	var last, logged int64
	var called bool
	must(t, conn.QueryRow(t.Context(), "SELECT last_value, log_cnt, is_called FROM "+name).Scan(&last, &logged, &called))
	return fmt.Sprint(last, logged, called)
}

func connectTo(t *testing.T, server *seqdserver.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.DSN())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func value(t *testing.T, conn *pgx.Conn, sequence string) (v int64) {
	t.Helper()
	must(t, conn.QueryRow(t.Context(), "SELECT nextval($1)", sequence).Scan(&v))
	return v
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// store makes a folder, ends its server by a kill, and asks the same program what it
// makes of a copy.
func store(t *testing.T, name string) {
	folder := t.TempDir()
	server, err := seqdserver.Start(seqdserver.Options{DataDir: folder, Args: []string{"--node-id", "stored", "--cluster-listen", "127.0.0.1:0"}})
	must(t, err)
	defer server.Close()
	conn := connectTo(t, server)
	for _, sql := range folderSetup {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	known := storedFolder{}
	for _, name := range []string{"plain", "down", "cached", "small", "unused", "moved"} {
		var last int64
		must(t, conn.QueryRow(t.Context(), "SELECT last_value FROM "+name).Scan(&last))
		known[name] = storedSequence{Last: last}
	}
	must(t, server.Kill9())
	must(t, os.MkdirAll(foldersDir, 0o755))
	archive := filepath.Join(foldersDir, name+".tar.gz")
	run(t, "tar", "-czf", archive, "--exclude", "lock", "-C", folder, ".")
	must(t, server.Restart())
	conn = connectTo(t, server)
	for name, s := range known {
		found := look(t, conn, name)
		found.Last = s.Last
		known[name] = found
	}
	b, err := json.MarshalIndent(known, "", "  ")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(foldersDir, name+".json"), append(b, '\n'), 0o644))
}
