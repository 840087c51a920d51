package result

import (
	"encoding/json"
	"fmt"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are recorded from a microsecond to a minute, to three digits. What is
// longer counts as a minute.
const (
	LatencyMin = time.Microsecond
	LatencyMax = time.Minute
	digits     = 3
)

// Latency is a histogram of times in nanoseconds.
type Latency struct{ *hdr.Histogram }

// NewLatency returns an empty one.
func NewLatency() *Latency {
	return &Latency{hdr.New(int64(LatencyMin), int64(LatencyMax), digits)}
}

// Record counts n statements that took d. It allocates nothing.
func (l *Latency) Record(d time.Duration, n int64) {
	// In range, so never an error.
	_ = l.RecordValues(int64(min(max(d, LatencyMin), LatencyMax)), n)
}

// Quantile returns the time that the share q (0 to 1) of the statements took at most.
func (l *Latency) Quantile(q float64) time.Duration {
	return time.Duration(l.ValueAtQuantile(q * 100))
}

// Slowest is the longest time.
func (l *Latency) Slowest() time.Duration { return time.Duration(l.Max()) }

// MarshalJSON writes the histogram in HdrHistogram's own encoding (V2, compressed,
// base64), which its tools for other languages read too.
func (l *Latency) MarshalJSON() ([]byte, error) {
	text, err := l.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON reads it.
func (l *Latency) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	h, err := hdr.Decode([]byte(text))
	if err != nil {
		return fmt.Errorf("latency histogram: %w", err)
	}
	l.Histogram = h
	return nil
}
