// Package config is seqd's command line, environment and configuration file, and
// the checks that refuse a bad value before a port or a file is opened.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// CLI is everything that can be said on the command line. Each flag is also an
// environment variable (--data-dir is SEQD_DATA_DIR) and a key of the
// configuration file (data-dir). The command line wins over the environment, the
// environment over the file.
type CLI struct {
	Config kong.ConfigFlag `placeholder:"FILE" help:"Read settings from this YAML or JSON file: the flags' names without the dashes."`

	Serve   Serve   `cmd:"" default:"withargs" help:"Run the server (the default command)."`
	Cluster Cluster `cmd:"" help:"Look at and change a cluster."`
	Backup  Backup  `cmd:"" help:"Write what a running cluster has to a file, from any of its nodes."`
	Restore Restore `cmd:"" help:"Make a data folder of a backup: that of a node which begins a new cluster."`
	Cert    Cert    `cmd:"" help:"Make certificates for --tls-cert, and rules to begin with."`
	Bench   Bench   `cmd:"" help:"Measure this server and others: what CACHE buys, and what it costs."`
	Trial   Trial   `cmd:"" hidden:"" help:"Run three nodes on this machine, with data that is thrown away."`
	Version Version `cmd:"" help:"Print the version."`
}

// Serve is the server's configuration.
type Serve struct {
	Listen    string `default:"127.0.0.1:5433" placeholder:"HOST:PORT" help:"Address for PostgreSQL clients (${default})."`
	DataDir   string `default:"./seqd-data" placeholder:"DIR" help:"Folder of the log and its snapshots (${default})."`
	Ephemeral bool   `help:"Keep nothing on disk: everything is gone when the server stops."`

	PrelogMax       uint64        `default:"4194304" placeholder:"N" help:"Most values of a sequence that may be reserved ahead under load, and so be skipped by a crash (${default}). 0: every value is committed before it is handed out, and a crash skips none."`
	MaxConnections  int           `default:"10000" placeholder:"N" help:"Most client connections at a time (${default})."`
	MaxMessageSize  int           `default:"67108864" placeholder:"BYTES" help:"Largest message accepted from a client (${default})."`
	MaxStaleness    time.Duration `default:"-1ms" placeholder:"TIME" help:"How old the catalog may be that a node without contact to the leader answers from; 0s: always ask the leader; negative: no limit (${default}). Sessions may SET seqd.max_staleness."`
	AuthTimeout     time.Duration `default:"1m" placeholder:"TIME" help:"Time a client has to log in (${default})."`
	ShutdownTimeout time.Duration `default:"10s" placeholder:"TIME" help:"Time that sessions have to end at a stop (${default})."`

	AdminListen string `placeholder:"HOST:PORT" help:"Address for operators, by HTTP: /metrics for Prometheus, /healthz and /readyz for load balancers, /debug/pprof on this machine. Without it there is none."`
	AdminRemote bool   `help:"Let --admin-listen be other than loopback: who reaches it may read all but the profiles."`

	AccessFlags  `embed:""`
	ClusterFlags `embed:""`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level logged: debug, info, warn, error (${default})."`
	LogFormat string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"Log lines as text or json (${default})."`
}

// Version prints the version.
type Version struct{}

// UsageError is an error of the command line, environment or file.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UsageError) Unwrap() error { return e.Err }

// Parse reads the arguments (without the program's name). What --help prints
// goes to out; exit is called after it.
func Parse(args []string, out, errOut io.Writer, exit func(int)) (*CLI, string, error) {
	cli := &CLI{}
	p, err := kong.New(cli,
		kong.Name("seqd"),
		kong.Description("Hands out PostgreSQL sequence values over the PostgreSQL wire protocol, from memory, replicated with Raft."),
		kong.DefaultEnvars("SEQD"),
		kong.Configuration(loadFile),
		kong.Writers(out, errOut),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(help),
	)
	if err != nil {
		return nil, "", err
	}
	ctx, err := p.Parse(args)
	if err != nil {
		return nil, "", &UsageError{err}
	}
	command := ctx.Command()
	switch {
	case command == "serve":
		err = cli.Serve.Validate()
	case strings.HasPrefix(command, "bench"):
		err = cli.Bench.validate()
	case strings.HasPrefix(command, "cert"):
		err = cli.Cert.validate()
	case strings.HasPrefix(command, "cluster "):
		err = cli.Cluster.validate()
	case strings.HasPrefix(command, "backup "):
		err = cli.Backup.AnyNode.validate()
	}
	if err != nil {
		return nil, "", &UsageError{err}
	}
	return cli, command, nil
}

// help prints the usual help, and for a bare --help the server's flags too: they
// are what somebody who just types seqd --help is after.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil || ctx.Selected() != nil {
		return err
	}
	serve, err := kong.Trace(ctx.Kong, []string{"serve"})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(ctx.Stdout); err != nil {
		return err
	}
	return kong.DefaultHelpPrinter(options, serve)
}

// Validate checks every value by itself and against the others, and names the
// flag that is wrong.
func (s *Serve) Validate() error {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: want host:port, such as 127.0.0.1:5433", s.Listen)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("--listen %q: the port must be a number from 0 to 65535", s.Listen)
	}
	if err := s.validateAdmin(); err != nil {
		return err
	}
	if err := s.AccessFlags.validate(s.Listen, host); err != nil {
		return err
	}
	if err := s.ClusterFlags.validate(s.Listen); err != nil {
		return err
	}
	switch {
	case !s.Ephemeral && strings.TrimSpace(s.DataDir) == "":
		return errors.New("--data-dir: must not be empty (or use --ephemeral)")
	case s.PrelogMax > 1<<40:
		return fmt.Errorf("--prelog-max %d: at most %d", s.PrelogMax, uint64(1)<<40)
	case s.MaxConnections < 1 || s.MaxConnections > 262143:
		return fmt.Errorf("--max-connections %d: want 1 to 262143", s.MaxConnections)
	case s.MaxMessageSize < 1024 || s.MaxMessageSize > 1<<30:
		return fmt.Errorf("--max-message-size %d: want 1024 to %d", s.MaxMessageSize, 1<<30)
	case s.MaxStaleness.Milliseconds() > math.MaxInt32:
		return fmt.Errorf("--max-staleness %v: the most is %v", s.MaxStaleness, math.MaxInt32*time.Millisecond)
	case s.AuthTimeout <= 0:
		return fmt.Errorf("--auth-timeout %s: must be above 0", s.AuthTimeout)
	case s.ShutdownTimeout <= 0:
		return fmt.Errorf("--shutdown-timeout %s: must be above 0", s.ShutdownTimeout)
	}
	return nil
}

func (s *Serve) validateAdmin() error {
	if s.AdminListen == "" {
		if s.AdminRemote {
			return errors.New("--admin-remote: there is no --admin-listen")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(s.AdminListen)
	if err != nil {
		return fmt.Errorf("--admin-listen %q: want host:port, such as 127.0.0.1:9433", s.AdminListen)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("--admin-listen %q: the port must be a number from 0 to 65535", s.AdminListen)
	}
	if !loopback(host) && !s.AdminRemote {
		return fmt.Errorf("--admin-listen %q: other than loopback needs --admin-remote, because nobody has to log in there", s.AdminListen)
	}
	return nil
}

// loopback tells whether only this machine can reach the host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Logger is the logger that the flags ask for.
func (s *Serve) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the enum
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// environmentSet tells whether one of a flag's variables is set.
func environmentSet(flag *kong.Flag) bool {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return true
		}
	}
	return false
}
