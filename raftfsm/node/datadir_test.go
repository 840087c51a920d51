package node

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fingerprint is all names and contents below a folder.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			fmt.Fprintln(sum, path)
			return err
		}
		b, err := os.ReadFile(path)
		if filepath.Base(path) != lockFile { // holds the last process's ID
			fmt.Fprintf(sum, "%s %d\n%s\n", path, len(b), b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// wantRefusal opens a folder that must be refused, and left as it was.
func wantRefusal(t testing.TB, c Config, message string) {
	t.Helper()
	before := fingerprint(t, c.DataDir)
	n, err := Open(t.Context(), c)
	if err == nil {
		closeNode(t, n)
		t.Fatal("the folder was not refused")
	}
	if !strings.Contains(err.Error(), message) {
		t.Errorf("error %q, want %q in it", err, message)
	}
	if fingerprint(t, c.DataDir) != before {
		t.Errorf("the folder was changed, although it was refused: %v", err)
	}
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	c := Config{DataDir: t.TempDir()}
	n := open(t, c)
	wantRefusal(t, c, "in use by another seqd (process "+strconv.Itoa(os.Getpid())+")")
	if !strings.Contains(fmt.Sprint(Open(t.Context(), c)), c.DataDir) {
		t.Error("the folder is not named")
	}
	create(t, n, "s", nil) // the first one goes on
	closeNode(t, n)
	open(t, c)
}

func TestForeignFolders(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   map[string]string
		message string // "": accepted
	}{
		{"empty", nil, ""},
		{"file system root", map[string]string{"lost+found": ""}, ""},
		{"somebody's files", map[string]string{"thesis.txt": "x"}, `was not made by seqd (it holds "thesis.txt"`},
		{"PostgreSQL's", map[string]string{"PG_VERSION": "15"}, "was not made by seqd"},
		{"only a log", map[string]string{"raft.db": "x"}, "was not made by seqd"},
		{"begun, not finished", map[string]string{initFile: "", logFile: "half a"}, ""},
		{"newer", map[string]string{identityFile: `{"format": 2, "cluster": "c", "node": "n"}`}, "has format 2, this seqd knows up to 1"},
		{"damaged identity", map[string]string{identityFile: `{"format": 1, "clus`}, "identity.json is damaged"},
		{"without a log", map[string]string{identityFile: `{"format": 1, "cluster": "c", "node": "n"}`}, "lacks raft.db"},
		{"other node", map[string]string{identityFile: `{"format": 1, "cluster": "c", "node": "other"}`}, `belongs to node "other", not "mine"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Config{DataDir: t.TempDir()}
			if tt.name == "other node" {
				c.NodeID = "mine"
			}
			for name, content := range tt.files {
				put(t, filepath.Join(c.DataDir, name), content)
			}
			if tt.message == "" {
				n := open(t, c)
				create(t, n, "s", nil)
				return
			}
			// The lock file is all that may be added, to a folder of seqd's only.
			if _, ours := tt.files[identityFile]; ours {
				put(t, filepath.Join(c.DataDir, lockFile), "")
			}
			wantRefusal(t, c, tt.message)
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "x")
	if _, err := Open(t.Context(), Config{DataDir: file}); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestFolderIsMade(t *testing.T) {
	c := Config{DataDir: filepath.Join(t.TempDir(), "a", "b"), NodeID: "chosen"}
	n := open(t, c)
	id := n.identity
	if id.Node != "chosen" || id.Cluster == "" || n.Status().NodeID != "chosen" {
		t.Errorf("identity %+v", id)
	}
	closeNode(t, n)
	c.NodeID = ""
	if n = open(t, c); n.identity != id {
		t.Errorf("identity %+v became %+v", id, n.identity)
	}
}
