package peer

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"testing"

	"seqd/protocol/sqlstate"
)

func TestFramesAreRefused(t *testing.T) {
	good := appendFrame(nil, frameCall, 1, 2, []byte("body"))
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"part of a header", good[:headerSize-1], io.ErrUnexpectedEOF},
		{"a header alone", good[:headerSize], io.ErrUnexpectedEOF},
		{"part of a body", good[:len(good)-1], io.ErrUnexpectedEOF},
		{"type 0", appendFrame(nil, 0, 1, 2, nil), errFrame},
		{"type 8", appendFrame(nil, frameVoid+1, 1, 2, nil), errFrame},
		{"a byte too long", []byte("\x01\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), errFrame},
		{"the longest length", []byte("\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), errFrame},
	} {
		if _, err := newFrameReader(bytes.NewReader(c.data)).next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// A length of 16 MiB takes no memory before the bytes are there.
func TestALengthAloneTakesNoMemory(t *testing.T) {
	announced := appendFrame(nil, frameCall, 1, 2, make([]byte, 100))
	announced[0], announced[1] = 0x01, 0x00 // 16 MiB
	announced[2], announced[3] = 0x00, 0x00
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := newFrameReader(bytes.NewReader(announced)).next()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes of memory for 100 that came", took)
	}
}

// Bodies read earlier keep their bytes: they belong to whoever got them.
func TestBodiesAreNotOverwritten(t *testing.T) {
	var data []byte
	for i := range 300 {
		data = appendFrame(data, frameCall, 0, uint64(i), bytes.Repeat([]byte{byte(i)}, i*3))
	}
	r := newFrameReader(bytes.NewReader(data))
	var bodies [][]byte
	for range 300 {
		f, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, f.body)
		_ = append(f.body, "written behind the body"...)
	}
	for i, b := range bodies {
		if !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, i*3)) {
			t.Fatalf("body %d has changed", i)
		}
	}
}

func TestErrorsTravel(t *testing.T) {
	for _, e := range []*sqlstate.Error{
		{},
		sqlstate.New(sqlstate.UndefinedTable, `relation "x" does not exist`).At(15),
		{Severity: sqlstate.SeverityFatal, Code: sqlstate.AdminShutdown, Message: "m", Detail: "d", Hint: "h", Where: "w", Position: 3},
	} {
		got, err := decodeError(appendError(nil, e))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%#v came as %#v (%v)", e, got, err)
		}
	}
	whole := appendError(nil, sqlstate.New(sqlstate.UndefinedTable, "text"))
	for n := range whole {
		if _, err := decodeError(whole[:n]); !errors.Is(err, errFrame) {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := decodeError(append(whole, 0)); !errors.Is(err, errFrame) {
		t.Error("a byte too many is taken")
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, frameCall, 1, 2, []byte("body")))
	f.Add(appendFrame(appendFrame(nil, frameCancel, 0, 9, nil), framePing, 0, 0, nil))
	f.Add(appendFrame(nil, frameError, 1, 2, appendError(nil, sqlstate.New(sqlstate.UndefinedTable, "text").At(4))))
	f.Add(appendFrame(nil, frameReply, 1, 2, make([]byte, smallBody+1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newFrameReader(bytes.NewReader(data))
		var again []byte
		for {
			fr, err := r.next()
			if err != nil {
				break
			}
			again = appendFrame(again, fr.typ, fr.kind, fr.id, fr.body)
			if e, err := decodeError(fr.body); err == nil && !bytes.Equal(appendError(nil, e), fr.body) {
				t.Errorf("error %q reads as %#v", fr.body, e)
			}
		}
		if !bytes.HasPrefix(data, again) {
			t.Errorf("%q reads as frames that write as %q", data, again)
		}
	})
}
