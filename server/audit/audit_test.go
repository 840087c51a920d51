package audit

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestLine: one line for each event, whatever names hold, and what it is stands first.
func TestLine(t *testing.T) {
	for _, newHandler := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		log := Log{slog.New(newHandler(&b))}
		log.Record(Event{Kind: LoginRefused, Actor: Actor{Role: "a\nb", Database: "\x1b[2J", Address: "192.0.2.1"}})
		log.Record(Event{Kind: MovedBack, Actor: Actor{Role: "joe", PID: 7}, Change: Change{Action: "setval", Object: "sequence public.\"a\nb\"", Old: "last_value=7", New: "last_value=1"}})
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 2 || strings.Contains(b.String(), "\x1b") {
			t.Fatalf("%q", lines)
		}
		for i, wants := range [][]string{{"WARN", "audit", "login refused", `a\nb`, "192.0.2.1"}, {"INFO", "audit", "sequence moved back", "joe", `public.\"a\nb\"`, "last_value=7", "setval"}} {
			for _, want := range wants {
				if !strings.Contains(lines[i], want) {
					t.Errorf("%q is not in %s", want, lines[i])
				}
			}
		}
	}
}
