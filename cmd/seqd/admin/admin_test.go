package admin

import (
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestServer(t *testing.T) {
	state := State{Term: 3, Commit: 9, Applied: 7, Leads: true, Sessions: 2, Values: 41, Errors: map[string]uint64{"42": 5}, Leader: "a"}
	s := New(Config{Version: "1", State: func() State { return state }, Logger: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
	s.LogWritten(3 * time.Millisecond)
	_, body := get("/metrics")
	for _, want := range []string{"seqd_raft_term 3\n", "seqd_raft_apply_lag 2\n", "seqd_raft_leader 1\n", "seqd_sessions 2\n", "seqd_values_total 41\n",
		`seqd_errors_total{class="42"} 5` + "\n", `seqd_info{leader="a",version="1"} 1` + "\n", "seqd_log_write_seconds_count 1\n", "go_goroutines "} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	for _, tt := range []struct {
		path string
		set  func()
		code int
		text string
	}{
		{"/healthz", func() {}, 200, "ok\n"},
		{"/readyz", func() {}, 200, "ok: leads\n"},
		{"/readyz", func() { state.Leads = false }, 200, "ok: follows a\n"},
		{"/readyz", func() { state.Silence = time.Minute }, 503, "nothing was heard of a leader for 1m0s\n"},
		{"/readyz", func() { state.Silence = math.MaxInt64 }, 503, "nothing was heard of a leader for as long as the node runs\n"},
		{"/readyz", func() { state.Leads, state.Stalled = true, true }, 503, "the log waits for disk space\n"},
		{"/debug/pprof/goroutine?debug=1", func() {}, 200, ""},
		{"/else", func() {}, 404, ""},
	} {
		tt.set()
		if code, text := get(tt.path); code != tt.code || (tt.text != "" && text != tt.text) {
			t.Errorf("%s: %d %q, want %d %q", tt.path, code, text, tt.code, tt.text)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestProfilesAreLocal: another machine gets no profile, wherever the port is open.
func TestProfilesAreLocal(t *testing.T) {
	s := New(Config{State: func() State { return State{} }, Logger: slog.New(slog.DiscardHandler)})
	for addr, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "10.0.0.1:1": 403, "[2001:db8::1]:1": 403, "": 403} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/debug/pprof/cmdline", nil)
		r.RemoteAddr = addr
		s.http.Handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: %d, want %d", addr, w.Code, want)
		}
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	problems, err := testutil.CollectAndLint(collector{Config{State: func() State { return State{Errors: map[string]uint64{"42": 1}} }}})
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}
