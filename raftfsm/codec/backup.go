package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"seqd/engine"
)

// BackupVersion is the format of backups that this program writes. It reads this and
// all earlier ones.
const BackupVersion = 1

const backupMagic = "seqdback"

// maxBackupInfo bounds what a reader allocates for the beginning.
const maxBackupInfo = 1 << 16

// BackupInfo is what a backup says of itself.
type BackupInfo struct {
	Created uint64 // seconds since 1970
	Node    string // that wrote it
}

// WriteBackup writes a state such that a new cluster can begin with it: without
// lease, members and requests, which are the old cluster's own.
//
//	magic "seqdback", format version (1 byte)
//	length (uvarint), message BackupInfo { uint64 created = 1; bytes node = 2; }
//	checksum: CRC-32C of everything before (4 bytes, little endian)
//	a snapshot, see WriteSnapshot
func WriteBackup(out io.Writer, info BackupInfo, h Header, s *engine.Store, cluster *Cluster) error {
	body := appendString(appendUint(nil, 1, info.Created), 2, info.Node)
	b := append([]byte(backupMagic), BackupVersion)
	b = append(binary.AppendUvarint(b, uint64(len(body))), body...)
	if _, err := out.Write(binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))); err != nil {
		return err
	}
	return WriteSnapshot(out, h, s, &Cluster{Format: EntryVersion, Largest: cluster.Largest})
}

// ReadBackup reads what WriteBackup wrote. It gives a state only if every byte was
// right.
func ReadBackup(in io.Reader) (info BackupInfo, h Header, s *engine.Store, c *Cluster, err error) {
	r := bufio.NewReader(in)
	if info, err = readBackupInfo(r); err != nil {
		return info, h, nil, nil, err
	}
	if h, s, c, err = ReadSnapshot(r); err != nil {
		return info, h, nil, nil, fmt.Errorf("the backup's content: %w", err)
	}
	return info, h, s, c, nil
}

func readBackupInfo(in *bufio.Reader) (info BackupInfo, err error) {
	r := &recordReader{in: in, sum: crc32.New(castagnoli)}
	start := make([]byte, len(backupMagic)+1)
	if err := r.full(start); err != nil || string(start[:len(backupMagic)]) != backupMagic {
		return info, errors.New("not a backup of seqd")
	}
	if v := start[len(backupMagic)]; v < 1 || v > BackupVersion {
		return info, &VersionError{What: "the backup", Have: int(v), Know: BackupVersion}
	}
	length, err := binary.ReadUvarint(r)
	if err != nil || length > maxBackupInfo {
		return info, ErrDamaged
	}
	body := make([]byte, length)
	if err := r.full(body); err != nil {
		return info, err
	}
	want := r.sum.Sum32()
	var sum [4]byte
	if err := r.full(sum[:]); err != nil || binary.LittleEndian.Uint32(sum[:]) != want {
		return info, ErrDamaged
	}
	return info, eachField(body, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&info.Created)
		case 2:
			return x.string(&info.Node)
		}
		return errUnknownField
	})
}
