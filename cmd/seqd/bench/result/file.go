package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFile bounds what Load reads: a run of a day has some tens of megabytes.
const maxFile = 1 << 30

// ErrNewer is wrapped when a file is of a newer format than this seqd knows.
var ErrNewer = errors.New("written by a newer seqd")

// Save writes a run to a file, whole or not at all.
func Save(name string, r *Run) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // not there any more if all went well
	err = errors.Join(Write(f, r), f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// Write writes a run as JSON.
func Write(w io.Writer, r *Run) error {
	r.Format = Format
	if err := r.check(); err != nil {
		return fmt.Errorf("run is not whole: %w", err)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Load reads a file that Save has written.
func Load(name string) (*Run, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Read reads what Write has written. What another program has written, or what is cut
// off or damaged, is an error.
func Read(in io.Reader) (*Run, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes: not a saved run of seqd bench", maxFile)
	}
	var head struct {
		Format *int `json:"format"`
	}
	switch err := json.Unmarshal(text, &head); {
	case err != nil:
		return nil, fmt.Errorf("not a whole saved run of seqd bench: %w", err)
	case head.Format == nil || *head.Format < 1:
		return nil, errors.New("not a saved run of seqd bench: it has no format number")
	case *head.Format > Format:
		return nil, fmt.Errorf("%w: format %d, this seqd knows up to %d", ErrNewer, *head.Format, Format)
	}
	r := &Run{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // a field of a newer seqd comes with a newer format
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("damaged run of seqd bench: %w", err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("damaged run of seqd bench: %w", err)
	}
	return r, nil
}

// check tells what reports rely on.
func (r *Run) check() error {
	names := map[string]bool{}
	for i, t := range r.Targets {
		if t.Name == "" || names[t.Name] {
			return fmt.Errorf("target %d: name %q is empty or taken", i, t.Name)
		}
		names[t.Name] = true
	}
	for i, p := range r.Points {
		if p.Cache < 1 || p.Clients < 1 || p.Depth < 1 || p.Batch < 1 || p.Protocol == "" || p.Session == "" {
			return fmt.Errorf("point %d: %+v", i, p)
		}
	}
	type cell struct{ target, point, round int }
	seen := map[cell]bool{}
	for i, s := range r.Samples {
		c := cell{s.Target, s.Point, s.Round}
		switch {
		case s.Target < 0 || s.Target >= len(r.Targets), s.Point < 0 || s.Point >= len(r.Points), s.Round < 1:
			return fmt.Errorf("sample %d: target %d, point %d, round %d: there is none", i, s.Target, s.Point, s.Round)
		case seen[c]:
			return fmt.Errorf("sample %d: target %d, point %d, round %d: twice", i, s.Target, s.Point, s.Round)
		case s.Latency == nil || s.Latency.Histogram == nil:
			return fmt.Errorf("sample %d has no latency histogram", i)
		case s.Values < 0 || s.Drawn < s.Values || s.Statements < 0 || !(s.Seconds >= 0):
			return fmt.Errorf("sample %d: counts that can't be", i)
		}
		seen[c] = true
	}
	return nil
}
