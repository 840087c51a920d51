package codec

import (
	"bytes"
	"errors"
	"testing"
)

func backup(t *testing.T) (BackupInfo, Header, []byte) {
	t.Helper()
	s, h := someStore(3, 30)
	info := BackupInfo{Created: 1 << 40, Node: "node1"}
	var b bytes.Buffer
	if err := WriteBackup(&b, info, h, s, someCluster()); err != nil {
		t.Fatal(err)
	}
	return info, h, b.Bytes()
}

func TestBackupRoundTrip(t *testing.T) {
	info, h, b := backup(t)
	back, header, store, cluster, err := ReadBackup(bytes.NewReader(b))
	if err != nil || back != info || header != h {
		t.Fatalf("%+v, %+v, %v", back, header, err)
	}
	if cluster.Lease.Holder != "" || cluster.Members != nil || cluster.Gateways != nil || cluster.Largest != someCluster().Largest {
		t.Errorf("%+v", cluster)
	}
	want, _ := someStore(3, 30)
	if describe(h, store) != describe(h, want) {
		t.Error("the state is another one")
	}
}

// TestDamagedBackups: every byte counts, and nothing may lack or follow.
func TestDamagedBackups(t *testing.T) {
	_, _, b := backup(t)
	refused := func(what string, i int, b []byte) {
		t.Helper()
		if _, _, s, c, err := ReadBackup(bytes.NewReader(b)); err == nil || s != nil || c != nil {
			t.Errorf("%s %d: unnoticed", what, i)
		}
	}
	for i := range b {
		for bit := range 8 {
			c := bytes.Clone(b)
			c[i] ^= 1 << bit
			refused("changed byte", i, c)
		}
		refused("cut to", i, b[:i])
	}
	refused("followed by", 1, append(bytes.Clone(b), 0))
	newer := bytes.Clone(b)
	newer[len(backupMagic)] = BackupVersion + 1
	var version *VersionError
	if _, _, _, _, err := ReadBackup(bytes.NewReader(newer)); !errors.As(err, &version) || version.Have != BackupVersion+1 {
		t.Errorf("a newer format: %v", err)
	}
}

func FuzzBackup(f *testing.F) {
	s, h := someStore(1, 20)
	var b bytes.Buffer
	if err := WriteBackup(&b, BackupInfo{Created: 5, Node: "n"}, h, s, someCluster()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(backupMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, h, s, c, err := ReadBackup(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteBackup(&again, info, h, s, c); err != nil {
			t.Fatal(err)
		}
	})
}
