package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/e2e/wireclient"
)

// TestStopTellsSessions: SIGTERM ends sessions with 57P01, and loses nothing.
func TestStopTellsSessions(t *testing.T) {
	s := freshSeqd(t, seqdserver.Options{DataDir: t.TempDir()})
	idle, err := pgx.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close(context.Background())
	inBlock, err := pgx.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer inBlock.Close(context.Background())
	if _, err := idle.Exec(t.Context(), "CREATE SEQUENCE s; SELECT nextval('s')"); err != nil {
		t.Fatal(err)
	}
	if _, err := inBlock.Exec(t.Context(), "BEGIN; SELECT nextval('s'); CREATE SEQUENCE uncommitted"); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]*pgx.Conn{"idle": idle, "in a block": inBlock} {
		_, err := conn.Exec(t.Context(), "SELECT 1")
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != "57P01" || pgErr.Severity != "FATAL" ||
			pgErr.Message != "terminating connection due to administrator command" {
			t.Errorf("the session that was %s is told: %v", name, err)
		}
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := exec1(t, s.DSN(), "SELECT nextval('s')"); got != "3" {
		t.Errorf("nextval after a clean stop = %s, want 3", got)
	}
	conn, err := pgx.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SELECT nextval('uncommitted')"); err == nil {
		t.Error("what was not committed is there after the restart")
	}
}

// startRefused starts a second seqd, which must refuse, say why, and leave the
// folder alone.
func startRefused(t *testing.T, dir, why string, args ...string) {
	t.Helper()
	before := snapshotOf(t, dir)
	s, err := seqdserver.Start(seqdserver.Options{DataDir: dir, Args: args})
	if err == nil {
		_ = s.Close()
		t.Fatalf("seqd starts on %s", dir)
	}
	if !strings.Contains(err.Error(), why) {
		t.Errorf("want an error about %q, have: %v", why, err)
	}
	for name, content := range before {
		if b, err := os.ReadFile(name); err != nil || string(b) != content {
			t.Errorf("%s was changed by a server that refused to start (%v)", name, err)
		}
	}
}

// snapshotOf reads all files of a folder, but the lock, which names its holder.
func snapshotOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSecondServerOnOneFolder(t *testing.T) {
	dir := t.TempDir()
	s := freshSeqd(t, seqdserver.Options{DataDir: dir})
	exec1(t, s.DSN(), "CREATE SEQUENCE s")
	startRefused(t, dir, "in use by another seqd")
	if got := exec1(t, s.DSN(), "SELECT nextval('s')"); got != "1" {
		t.Errorf("the first server answers %s", got)
	}
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.txt"), []byte("not seqd's"), 0o600); err != nil {
		t.Fatal(err)
	}
	startRefused(t, dir, "not made by seqd")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind in the folder: %v %v", entries, err)
	}
}

// TestDamagedFolder damages each file in turn, in the middle and at its end.
func TestDamagedFolder(t *testing.T) {
	dir := t.TempDir()
	s := freshSeqd(t, seqdserver.Options{DataDir: dir})
	exec1(t, s.DSN(), "CREATE SEQUENCE s; SELECT nextval('s')")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for path, content := range snapshotOf(t, dir) {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		damages := map[string]string{
			"emptied":   "",
			"truncated": content[:len(content)/2],
			"zeroed":    strings.Repeat("\x00", len(content)),
		}
		for how, bad := range damages {
			t.Run(name+" "+how, func(t *testing.T) {
				if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}()
				startRefused(t, dir, "")
			})
		}
	}
	// Whole again, it serves again: nothing was lost by the refusals.
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := exec1(t, s.DSN(), "SELECT nextval('s')"); got != "2" {
		t.Errorf("nextval = %s, want 2", got)
	}
}

// TestWrongCancelKey: a CancelRequest whose key does not fit changes nothing. (One
// that fits: testdata/scenarios/cancel.txt.)
func TestWrongCancelKey(t *testing.T) {
	s := freshSeqd(t, seqdserver.Options{})
	conn, err := pgconn.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(0.5)").ReadAll()
		done <- err
	}()
	time.Sleep(100 * time.Millisecond)
	key := append([]byte(nil), conn.SecretKey()...)
	key[0] ^= 1
	for _, wrong := range [][]byte{key, key[:4], append(key, 0), {}} {
		if err := wireclient.Cancel(s.Addr(), conn.PID(), wrong); err != nil {
			t.Errorf("key of %d bytes: %v", len(wrong), err)
		}
	}
	if err := wireclient.Cancel(s.Addr(), conn.PID()+1, conn.SecretKey()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("cancelled by a wrong key: %v", err)
	}
}
