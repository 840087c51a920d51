package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/audit"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestRecoverFromLostQuorum loses two of three nodes for good while clients draw, and
// one more thing: what the two had committed while the third was stopped. The third
// goes on as a new cluster, which two new nodes join. No value comes twice.
func TestRecoverFromLostQuorum(t *testing.T) {
	x := newFaultTest(t)
	c := x.cluster
	leader, err := c.Leader()
	if err != nil {
		t.Fatal(err)
	}
	survivor, lost := (leader+1)%clusterNodes, []int{leader, (leader + 2) % clusterNodes}
	before := startCrew(c, x.epoch, 1, clusterClients, &x.sessions)
	defer before.stop()
	must(t, before.awaitService(0, 1, 2))
	time.Sleep(aroundFault)
	must(t, c.Pause(survivor))
	time.Sleep(2 * aroundFault)
	must(t, before.awaitService(lost...))
	must(t, c.KillAll())
	before.stop()

	folder := c.DataDir(survivor)
	out, err := seqdserver.Run("cluster", "recover", "--data-dir", folder)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed: say --yes") || !strings.Contains(out, "does not answer") {
		t.Fatalf("without --yes: %v\n%s", err, out)
	}
	t.Log(out)
	out, err = seqdserver.Run("cluster", "recover", "--data-dir", folder, "--yes")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(out)
	must(t, c.Restart(survivor))
	for _, i := range lost {
		must(t, c.Rejoin(i, survivor))
	}
	must(t, c.AwaitVoters())

	after := startCrew(c, x.epoch, 2, clusterClients, &x.sessions)
	defer after.stop()
	must(t, after.awaitService(0, 1, 2))
	time.Sleep(aroundFault)
	after.stop()
	for _, s := range clusterSequences {
		if len(after.seen(s.Name)) == 0 {
			t.Errorf("%s: no values after the recovery", s.Name)
		}
		x.draws[s.Name] = append(before.seen(s.Name), after.seen(s.Name)...)
	}
	x.judge(t)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecoverRefuses as long as the cluster works, and old members afterwards.
func TestRecoverRefuses(t *testing.T) {
	c := startVoters(t)
	leader, err := c.Leader()
	if err != nil {
		t.Fatal(err)
	}
	one, other := (leader+1)%clusterNodes, (leader+2)%clusterNodes
	must(t, c.Stop(one))
	recover := func() (string, error) {
		return seqdserver.Run("cluster", "recover", "--data-dir", c.DataDir(one), "--yes")
	}
	if out, err := recover(); err == nil || !strings.Contains(err.Error(), "nothing has to be recovered") {
		t.Fatalf("of a cluster that works: %v\n%s", err, out)
	}
	must(t, c.Kill9(other))
	must(t, c.Kill9(leader))
	if out, err := recover(); err != nil {
		t.Fatal(out, err)
	}
	must(t, c.Restart(one))
	// An old member comes back: it belongs to the old cluster and gets nothing.
	if err := c.Nodes[leader].Restart(); err != nil {
		t.Log("the old leader:", err) // it waits for a cluster that there is not any more
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if conn, err := pgx.Connect(ctx, c.DSN(leader)); err == nil {
		_, err = conn.Exec(ctx, "CREATE SEQUENCE here")
		if err == nil {
			t.Error("an old member serves")
		}
		_ = conn.Close(context.Background())
	}
	if !strings.Contains(c.Nodes[one].Tail()+c.Nodes[leader].Tail(), "belongs to cluster") {
		t.Errorf("nobody says why\n%s", c.Tail())
	}
	conn, err := pgx.Connect(t.Context(), c.DSN(one))
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "CREATE SEQUENCE here")
	must(t, err)
}

// TestBackupUnderLoad takes backups from every node while clients draw, and restores
// each: nothing that was handed out before the backup comes again, whatever is
// skipped, and nothing at all if enough is.
func TestBackupUnderLoad(t *testing.T) {
	x := newFaultTest(t)
	c := x.cluster
	crew := startCrew(c, x.epoch, 1, clusterClients, &x.sessions)
	defer crew.stop()
	must(t, crew.awaitService(0, 1, 2))
	type taken struct {
		path  string
		begun time.Duration
	}
	var backups []taken
	for i := range clusterNodes {
		time.Sleep(aroundFault / 2)
		b := taken{filepath.Join(t.TempDir(), "backup"), crew.now()}
		out, err := seqdserver.Run("backup", b.path, "--node", c.Peer(i))
		must(t, err)
		t.Log(strings.TrimSpace(out))
		backups = append(backups, b)
	}
	time.Sleep(aroundFault)
	crew.stop()
	most := int64(0) // steps, of any sequence
	for _, s := range clusterSequences {
		for _, d := range crew.seen(s.Name) {
			most = max(most, (d.Value-s.Start)/s.Increment)
		}
	}
	must(t, c.Close())
	for _, b := range backups {
		for _, s := range clusterSequences {
			early := crew.seen(s.Name)
			n := 0
			for _, d := range early {
				if d.End < b.begun {
					early[n] = d
					n++
				}
			}
			compareRestored(t, b.path, s, early[:n])
			compareRestored(t, b.path, s, crew.seen(s.Name), "--skip", strconv.FormatInt(most, 10))
		}
	}
}

// compareRestored restores a backup, and draws.
func compareRestored(t *testing.T, backup string, s audit.Sequence, seen []audit.Draw, skip ...string) {
	t.Helper()
	if len(skip) == 0 {
		skip = []string{"--skip", "0"}
	}
	folder := filepath.Join(t.TempDir(), "restored")
	_, err := seqdserver.Run(append([]string{"restore", backup, "--data-dir", folder}, skip...)...)
	must(t, err)
	defer os.RemoveAll(folder)
	server, err := seqdserver.Start(seqdserver.Options{DataDir: folder, Args: []string{"--cluster-listen", "off"}})
	must(t, err)
	defer server.Close()
	conn, err := pgx.Connect(t.Context(), server.DSN())
	must(t, err)
	defer conn.Close(context.Background())
	var v int64
	must(t, conn.QueryRow(t.Context(), "SELECT nextval($1)", s.Name).Scan(&v))
	for _, d := range seen {
		if (d.Value >= v) == (s.Increment > 0) {
			t.Errorf("%s: %d was handed out, and %v after the restore goes on with %d", s.Name, d.Value, skip, v)
			return
		}
	}
}

// TestDamagedBackup: what is not whole leaves no trace.
func TestDamagedBackup(t *testing.T) {
	server, err := seqdserver.Start(seqdserver.Options{Args: []string{"--cluster-listen", "127.0.0.1:0"}})
	must(t, err)
	defer server.Close()
	if _, err := seqdserver.Run("backup", filepath.Join(t.TempDir(), "b"), "--node", server.Addr()); err == nil {
		t.Error("a backup from the port for clients")
	}
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 1})
	must(t, err)
	defer c.Close()
	folder := t.TempDir()
	good := filepath.Join(folder, "good")
	_, err = seqdserver.Run("backup", good, "--node", c.Peer(0))
	must(t, err)
	content, err := os.ReadFile(good)
	must(t, err)
	for _, at := range []int{0, 8, 9, len(content) / 2, len(content) - 1} {
		bad := filepath.Join(folder, "bad")
		damaged := append([]byte(nil), content...)
		damaged[at] ^= 4
		must(t, os.WriteFile(bad, damaged, 0o600))
		data := filepath.Join(folder, "data")
		if out, err := seqdserver.Run("restore", bad, "--data-dir", data); err == nil {
			t.Errorf("byte %d: %s", at, out)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("byte %d: a folder was made of it", at)
		}
	}
	if out, err := seqdserver.Run("restore", good, "--data-dir", folder); err == nil {
		t.Errorf("into a folder that is not empty: %s", out)
	}
	if _, err := seqdserver.Run("backup", filepath.Join(folder, "no", "such", "folder"), "--node", c.Peer(0)); err == nil {
		t.Error("into a folder that is not there")
	}
}
