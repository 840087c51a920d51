package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"testing"
)

// FuzzDecodeEntry mends the checksum, since no fuzzer would find it, and checks
// that what can be read survives a round trip.
func FuzzDecodeEntry(f *testing.F) {
	for _, e := range goldenEntries() {
		f.Add(encode(f, e))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = DecodeEntry(b)
		if len(b) < entryHeader+entryTrailer {
			return
		}
		mended := bytes.Clone(b)
		content := mended[:len(mended)-entryTrailer]
		binary.LittleEndian.PutUint32(mended[len(content):], crc32.Checksum(content, castagnoli))
		e, err := DecodeEntry(mended)
		if err != nil || (e.Command == nil && e.Member == nil && e.Lease == nil) {
			return
		}
		again, err := EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeEntry(again)
		if err != nil || !reflect.DeepEqual(back, e) {
			t.Fatalf("%+v\nwas read as %+v, %v", e, back, err)
		}
	})
}

// FuzzReadSnapshot mends the checksum too; it stands at the very end.
func FuzzReadSnapshot(f *testing.F) {
	for seed := range uint64(3) {
		s, h := someStore(seed, 10*int(seed))
		f.Add(write(f, h, s, someCluster()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _, _ = ReadSnapshot(bytes.NewReader(b))
		if len(b) < 4 {
			return
		}
		mended := bytes.Clone(b)
		content := mended[:len(mended)-4]
		binary.LittleEndian.PutUint32(mended[len(content):], crc32.Checksum(content, castagnoli))
		h, s, c, err := ReadSnapshot(bytes.NewReader(mended))
		if err != nil {
			return
		}
		first := write(t, h, s, c)
		_, back, backCluster, err := ReadSnapshot(bytes.NewReader(first))
		if err != nil || !bytes.Equal(write(t, h, back, backCluster), first) {
			t.Fatalf("what was read can't be written and read again: %v", err)
		}
	})
}
