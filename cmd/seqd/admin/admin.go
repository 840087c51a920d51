// Package admin is the port for whoever runs the server: metrics for Prometheus, what a
// load balancer asks, and Go's profiles. It knows nothing of the server but what it is
// told in a State; it changes nothing.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// State is how the server is doing at a moment.
type State struct {
	Term, LastIndex, Commit, Applied, Snapshot uint64
	Leader                                     string // node ID, "" if unknown
	Leads                                      bool   // this node leads, and serves
	Lease                                      bool   // it may hand out values from memory now
	Stalled                                    bool   // it waits for disk space
	Silence                                    time.Duration

	Sessions, Pending    int
	Accepted             uint64 // connections, since the start
	Statements, Values   uint64 // since the start
	Errors               map[string]uint64
	LogEntries, LogBytes int64 // written since the start
	LogSyncs             int64
	Refills, Reserved    uint64 // reservations made as leader, and the values in them
}

// Config is what a Server needs.
type Config struct {
	Version string
	State   func() State
	Logger  *slog.Logger
}

// Server is the port.
type Server struct {
	http   *http.Server
	writes prometheus.Histogram
}

// silenceMax is without word from a leader for how long a node says that it is not ready:
// longer than an election takes, so that clients are not sent away for one.
const silenceMax = 5 * time.Second

// New returns a Server that does not listen yet.
func New(c Config) *Server {
	s := &Server{writes: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "seqd_log_write_seconds", Help: "Time of a write to the Raft log, made durable.",
		Buckets: prometheus.ExponentialBuckets(50e-6, 2, 18), // to 6.5 s
	})}
	r := prometheus.NewRegistry()
	r.MustRegister(s.writes, collector{c}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { ready(w, c.State()) })
	mux.Handle("GET /debug/pprof/", local(pprof.Index))
	mux.Handle("GET /debug/pprof/cmdline", local(pprof.Cmdline))
	mux.Handle("GET /debug/pprof/profile", local(pprof.Profile))
	mux.Handle("GET /debug/pprof/symbol", local(pprof.Symbol))
	mux.Handle("GET /debug/pprof/trace", local(pprof.Trace))
	// No time limit on an answer: a profile takes as long as was asked for.
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug)}
	return s
}

// LogWritten hears of a write to the Raft log.
func (s *Server) LogWritten(d time.Duration) { s.writes.Observe(d.Seconds()) }

// Serve answers until Close.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends it: answers that are under way get a moment.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close() // a profile
	}
	return nil
}

// local lets nobody in from another machine: profiles and command lines tell what is in
// the memory of the process.
func local(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "profiles are for this machine alone", http.StatusForbidden)
			return
		}
		h(w, r)
	})
}

// ready tells whether clients are well served here.
func ready(w http.ResponseWriter, s State) {
	switch {
	case s.Stalled:
		http.Error(w, "the log waits for disk space", http.StatusServiceUnavailable)
	case s.Leads:
		fmt.Fprintln(w, "ok: leads")
	case s.Silence > silenceMax:
		http.Error(w, "nothing was heard of a leader for "+heard(s.Silence), http.StatusServiceUnavailable)
	default:
		fmt.Fprintf(w, "ok: follows %s\n", s.Leader)
	}
}

func heard(d time.Duration) string {
	if d > 1000*time.Hour {
		return "as long as the node runs"
	}
	return d.Round(time.Second).String()
}
