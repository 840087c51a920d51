package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"seqd/cmd/seqd/bench/result"
)

// Benchstat writes the samples in the format of Go's benchmarks, a line a sample, for
// benchstat and its like: `benchstat -col /target run.txt` sets targets side by side.
func Benchstat(w io.Writer, r *result.Run) error {
	out := benchfmt.NewWriter(w)
	for _, m := range metrics {
		u := &benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: m.unit, Key: "better"}, OrigUnit: m.unit, Value: m.better}
		if err := out.Write(u); err != nil {
			return err
		}
	}
	for i := range r.Samples {
		s := &r.Samples[i]
		line := &benchfmt.Result{Config: benchConfig(r), Name: benchName(r, s), Iters: int(max(s.Statements, 1))}
		for _, m := range metrics {
			if value, ok := m.of(s); ok {
				line.Values = append(line.Values, benchfmt.Value{Value: value, Unit: m.unit})
			}
		}
		if len(line.Values) == 0 {
			continue // the format has no line without a value
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func benchConfig(r *result.Run) []benchfmt.Config {
	var list []benchfmt.Config
	for _, kv := range [][2]string{{"seqd", r.Seqd}, {"cpu", r.Machine.Model}, {"cpus", fmt.Sprint(r.Machine.CPUs)}, {"os", r.Machine.OS}, {"kernel", r.Machine.Kernel}} {
		if value := strings.Join(strings.Fields(kv[1]), " "); value != "" {
			list = append(list, benchfmt.Config{Key: kv[0], Value: []byte(value), File: true})
		}
	}
	return list
}

// benchName has a part for each axis, whether it varies or not, so that runs of
// different grids can be compared.
func benchName(r *result.Run, s *result.Sample) benchfmt.Name {
	p := r.Points[s.Point]
	name := fmt.Sprintf("Nextval/target=%s/cache=%d/clients=%d/protocol=%s/depth=%d/batch=%d/session=%s/every=%d",
		namePart(r.Targets[s.Target].Name), p.Cache, p.Clients, namePart(p.Protocol), p.Depth, p.Batch, namePart(p.Session), p.Every)
	return benchfmt.Name(name)
}

// namePart keeps a name from being taken for several: blanks end it, slashes part it,
// and a number behind the last dash is a number of processors.
func namePart(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || c == '/' || !unicode.IsPrint(c) {
			return '_'
		}
		return c
	}, s)
}
