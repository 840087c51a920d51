package wire

import (
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	v30 = 3 << 16
	v32 = v30 + 2
)

var (
	sslRequest = packet(sslRequestCode)
	gssRequest = packet(gssEncRequestCode)
	ordinary   = packet(v30, "user\x00postgres\x00\x00")
)

const (
	badLayoutLine = "FATAL 08P01 invalid startup packet layout: expected terminator as last byte"
	noUserLine    = "FATAL 28000 no PostgreSQL user name specified in startup packet"
	mitmDetail    = " | This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."
)

// TestStartup: what is sent, and what comes back up to the end of the
// authentication or of the connection. A step is sent when the one before was
// answered. postgres is what PostgreSQL 15 answers where it is something else,
// with the reason in why.
func TestStartup(t *testing.T) {
	const ok = "Authentication 0"
	tests := []struct {
		name     string
		steps    [][]byte
		want     []string
		postgres []string
		why      string
	}{
		{name: "ordinary", steps: [][]byte{ordinary}, want: []string{ok}},
		{name: "length 0", steps: [][]byte{raw(0)}, want: []string{"closed"}},
		{name: "length 7", steps: [][]byte{raw(7, "abc")}, want: []string{"closed"}},
		{name: "length 10005", steps: [][]byte{raw(10005, v30)}, want: []string{"closed"}},
		{name: "length 10004 is the longest",
			steps: [][]byte{packet(v30, "user\x00postgres\x00application_name\x00", strings.Repeat("x", 9963), "\x00\x00")}, want: []string{ok}},
		{name: "HTTP", steps: [][]byte{raw("GET / HTTP/1.1\r\n\r\n")}, want: []string{"closed"}},
		{name: "protocol 2", steps: [][]byte{packet(2<<16, "user\x00postgres\x00\x00")},
			want:     []string{`"EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.2\n\x00"`, "closed"},
			postgres: []string{`"EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.0\n\x00"`, "closed"},
			why:      "seqd serves 3.2"},
		{name: "protocol 0", steps: [][]byte{packet(0, "user\x00postgres\x00\x00")},
			want:     []string{"FATAL 0A000 unsupported frontend protocol 0.0: server supports 3.0 to 3.2", "closed"},
			postgres: []string{"FATAL 0A000 unsupported frontend protocol 0.0: server supports 3.0 to 3.0", "closed"},
			why:      "seqd serves 3.2"},
		{name: "protocol 4", steps: [][]byte{packet(4<<16, "user\x00postgres\x00\x00")},
			want:     []string{"FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.2", "closed"},
			postgres: []string{"FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.0", "closed"},
			why:      "seqd serves 3.2"},
		{name: "3.1", steps: [][]byte{packet(v30+1, "user\x00postgres\x00\x00")}, want: []string{ok},
			postgres: []string{"NegotiateProtocolVersion 3.0 ", ok}, why: "seqd serves 3.2"},
		{name: "3.2", steps: [][]byte{packet(v32, "user\x00postgres\x00\x00")}, want: []string{ok},
			postgres: []string{"NegotiateProtocolVersion 3.0 ", ok}, why: "seqd serves 3.2"},
		{name: "3.99", steps: [][]byte{packet(v30+99, "user\x00postgres\x00\x00")},
			want:     []string{"NegotiateProtocolVersion 3.2 ", ok},
			postgres: []string{"NegotiateProtocolVersion 3.0 ", ok}, why: "seqd serves 3.2"},
		{name: "3.0 with unknown protocol options", steps: [][]byte{packet(v30, "user\x00postgres\x00_pq_.a\x001\x00_pq_.b\x00\x00\x00")},
			want: []string{"NegotiateProtocolVersion 3.0 _pq_.a,_pq_.b", ok}},
		{name: "3.2 with an unknown protocol option", steps: [][]byte{packet(v32, "user\x00postgres\x00_pq_.a\x001\x00\x00")},
			want:     []string{"NegotiateProtocolVersion 3.2 _pq_.a", ok},
			postgres: []string{"NegotiateProtocolVersion 3.0 _pq_.a", ok}, why: "seqd serves 3.2"},
		{name: "negotiation comes before the refusal", steps: [][]byte{packet(v30, "_pq_.a\x00\x00\x00")},
			want: []string{"NegotiateProtocolVersion 3.0 _pq_.a", noUserLine, "closed"}},
		{name: "no user", steps: [][]byte{packet(v30, "database\x00postgres\x00\x00")}, want: []string{noUserLine, "closed"}},
		{name: "empty user", steps: [][]byte{packet(v30, "user\x00\x00\x00")}, want: []string{noUserLine, "closed"}},
		{name: "no parameters", steps: [][]byte{packet(v30, "\x00")}, want: []string{noUserLine, "closed"}},
		{name: "nothing after the version", steps: [][]byte{packet(v30)}, want: []string{badLayoutLine, "closed"}},
		{name: "no terminator", steps: [][]byte{packet(v30, "user\x00postgres\x00")}, want: []string{badLayoutLine, "closed"}},
		{name: "name without value", steps: [][]byte{packet(v30, "user\x00postgres\x00database\x00")}, want: []string{badLayoutLine, "closed"}},
		{name: "name without value, terminated", steps: [][]byte{packet(v30, "user\x00postgres\x00database\x00\x00")}, want: []string{badLayoutLine, "closed"}},
		{name: "value cut short", steps: [][]byte{packet(v30, "user\x00postgres")}, want: []string{badLayoutLine, "closed"}},
		{name: "bytes after the terminator", steps: [][]byte{packet(v30, "user\x00postgres\x00\x00abc")}, want: []string{badLayoutLine, "closed"}},
		{name: "NUL after the terminator", steps: [][]byte{packet(v30, "user\x00postgres\x00\x00\x00")}, want: []string{badLayoutLine, "closed"}},
		{name: "the later of two users", steps: [][]byte{packet(v30, "user\x00nobody\x00user\x00postgres\x00\x00")}, want: []string{ok}},
		{name: "replication off", steps: [][]byte{packet(v30, "user\x00postgres\x00replication\x00of\x00\x00")}, want: []string{ok}},
		{name: "replication on", steps: [][]byte{packet(v30, "user\x00postgres\x00replication\x00tru\x00\x00")},
			want: []string{"FATAL 0A000 replication connections are not supported | " +
				"seqd replicates among its own nodes; connect without the replication parameter.", "closed"},
			postgres: []string{ok}, why: "seqd has no WAL to stream"},
		{name: "replication of nonsense", steps: [][]byte{packet(v30, "user\x00postgres\x00replication\x00Database\x00\x00")},
			want: []string{`FATAL 22023 invalid value for parameter "replication": "Database" | ` +
				`Valid values are: "false", 0, "true", 1, "database".`, "closed"}},
		{name: "SSL declined", steps: [][]byte{sslRequest, ordinary}, want: []string{"N", ok}},
		{name: "SSL twice", steps: [][]byte{sslRequest, sslRequest},
			want:     []string{"N", "FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2", "closed"},
			postgres: []string{"N", "FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0", "closed"},
			why:      "seqd serves 3.2"},
		{name: "SSL request with a tail", steps: [][]byte{packet(sslRequestCode, "abcd"), ordinary}, want: []string{"N", ok}},
		{name: "SSL request and no wait for the answer", steps: [][]byte{join(sslRequest, ordinary)},
			want: []string{"N", "FATAL 08P01 received unencrypted data after SSL request" + mitmDetail, "closed"}},
		{name: "cancel request of nobody", steps: [][]byte{packet(cancelRequestCode, 1, 2)}, want: []string{"closed"}},
		{name: "cancel request without a key", steps: [][]byte{packet(cancelRequestCode, 1)}, want: []string{"closed"}},
		{name: "cancel request with too long a key", steps: [][]byte{packet(cancelRequestCode, 1, strings.Repeat("k", 257))}, want: []string{"closed"}},
		{name: "cancel request after SSL", steps: [][]byte{sslRequest, packet(cancelRequestCode, 1, 2)}, want: []string{"N", "closed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := dial(t, Config{}, func(c *Conn) { serveStartup(c) })
			want := tt.want
			if judge != "" && tt.postgres != nil {
				want = tt.postgres
			}
			if got := startupDialogue(t, conn, tt.steps); !slices.Equal(got, want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// TestStartupGSS is apart from the table because a PostgreSQL that has GSSAPI
// accepts the request on TCP. The answers are those it gives on a Unix socket,
// where it declines.
func TestStartupGSS(t *testing.T) {
	const refused = "FATAL 0A000 unsupported frontend protocol 1234.5680: server supports 3.0 to 3.2"
	tests := []struct {
		name  string
		steps [][]byte
		want  []string
	}{
		{"GSSAPI declined", [][]byte{gssRequest, ordinary}, []string{"N", "Authentication 0"}},
		{"GSSAPI, then SSL", [][]byte{gssRequest, sslRequest, ordinary}, []string{"N", "N", "Authentication 0"}},
		{"SSL, then GSSAPI", [][]byte{sslRequest, gssRequest, ordinary}, []string{"N", "N", "Authentication 0"}},
		{"GSSAPI twice", [][]byte{gssRequest, gssRequest}, []string{"N", refused, "closed"}},
		{"both, and again", [][]byte{sslRequest, gssRequest, gssRequest}, []string{"N", "N", refused, "closed"}},
		{"no wait for the answer", [][]byte{join(gssRequest, ordinary)},
			[]string{"N", "FATAL 08P01 received unencrypted data after GSSAPI encryption request" + mitmDetail, "closed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, server := net.Pipe()
			go func() {
				c := New(server, Config{})
				serveStartup(c)
				_ = c.Hangup()
			}()
			defer client.Close()
			if got := startupDialogue(t, client, tt.steps); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func startupDialogue(t *testing.T, conn net.Conn, steps [][]byte) []string {
	t.Helper()
	var lines []string
	last := len(steps) - 1
	for i, step := range steps {
		if _, err := conn.Write(step); err != nil {
			t.Fatal(err)
		}
		if i < last {
			line, err := readMessage(conn)
			if err != nil {
				return append(lines, "closed")
			}
			lines = append(lines, line)
		}
	}
	return append(lines, transcript(conn, func(line string) bool { return strings.HasPrefix(line, "Auth") })...)
}

func TestStartupContents(t *testing.T) {
	long := strings.Repeat("é", 40) // 80 bytes; byte 63 is in the middle of a character
	tests := []struct {
		name string
		in   []byte
		want Startup
	}{
		{"database defaults to user", packet(v30, "user\x00u\x00\x00"),
			Startup{ProtocolVersion: v30, User: "u", Database: "u", requested: v30}},
		{"an empty database too", packet(v30, "user\x00u\x00database\x00\x00\x00"),
			Startup{ProtocolVersion: v30, User: "u", Database: "u", requested: v30}},
		{"parameters keep their order", packet(v32, "b\x001\x00user\x00u\x00database\x00d\x00options\x00-c x=y\x00a\x00\x00b\x002\x00\x00"),
			Startup{ProtocolVersion: v32, User: "u", Database: "d", Options: "-c x=y",
				Parameters: []Parameter{{"b", "1"}, {"a", ""}, {"b", "2"}}, requested: v32}},
		{"long names are cut", packet(v30, "user\x00", strings.Repeat("u", 64), "\x00database\x00", long, "\x00\x00"),
			Startup{ProtocolVersion: v30, User: strings.Repeat("u", 63), Database: long[:62], requested: v30}},
		{"invalid UTF-8 is kept", packet(v30, "user\x00a\xff\x00application_name\x00\xff\x00\x00"),
			Startup{ProtocolVersion: v30, User: "a\xff", Database: "a\xff",
				Parameters: []Parameter{{"application_name", "\xff"}}, requested: v30}},
		{"3.1 is 3.0", packet(v30+1, "user\x00u\x00\x00"),
			Startup{ProtocolVersion: v30, User: "u", Database: "u", requested: v30 + 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := New(&fakeConn{in: tt.in}, Config{}).Startup()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestSecretLen(t *testing.T) {
	for version, want := range map[uint32]int{v30: 4, v32: 32} {
		if got := (&Startup{ProtocolVersion: version}).SecretLen(); got != want {
			t.Errorf("%#x: %d, want %d", version, got, want)
		}
	}
}

func TestCancelRequest(t *testing.T) {
	for _, key := range []string{"1234", strings.Repeat("k", 32), strings.Repeat("k", 256)} {
		_, got, err := New(&fakeConn{in: packet(cancelRequestCode, 77, key)}, Config{}).Startup()
		if err != nil || got == nil || got.ProcessID != 77 || string(got.SecretKey) != key {
			t.Errorf("key of %d bytes: got %+v, %v", len(key), got, err)
		}
	}
}

func TestParseBool(t *testing.T) {
	for text, want := range map[string]string{
		"TRUE": "on", "tru": "on", "t": "on", "yes": "on", "y": "on", "on": "on", "1": "on",
		"false": "off", "fals": "off", "N": "off", "no": "off", "of": "off", "off": "off", "0": "off",
		"": "invalid", "o": "invalid", "10": "invalid", " true": "invalid", "truest": "invalid",
	} {
		got := "invalid"
		if value, ok := parseBool(text); ok {
			got = map[bool]string{true: "on", false: "off"}[value]
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestStartupTimeout: an absolute deadline ends a start-up packet that drips.
func TestStartupTimeout(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, Config{})
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for _, b := range ordinary {
			if _, err := client.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if _, _, err := c.Startup(); !IsTimeout(err) {
		t.Fatalf("got %v, want a timeout", err)
	}
	c.Close()
}

// TestReceivePassword: the errors were seen on PostgreSQL 15 asking for a password
// and for SCRAM (lengths: it closes without a word, seqd says why first).
func TestReceivePassword(t *testing.T) {
	tests := []struct {
		name string
		auth uint32
		in   []byte
		want string
	}{
		{"password", pgproto3.AuthTypeCleartextPassword, message('p', "secret\x00"), "secret"},
		{"another message", pgproto3.AuthTypeCleartextPassword, message('Q', "select 1\x00"),
			"FATAL: expected password response, got message type 81 (SQLSTATE 08P01)"},
		{"length 3", pgproto3.AuthTypeCleartextPassword, announce('p', 3), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"length 65536", pgproto3.AuthTypeCleartextPassword, announce('p', 65536), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"no NUL", pgproto3.AuthTypeCleartextPassword, message('p', "abc"), "FATAL: invalid password packet size (SQLSTATE 08P01)"},
		{"NUL inside", pgproto3.AuthTypeCleartextPassword, message('p', "a\x00bc\x00"), "FATAL: invalid password packet size (SQLSTATE 08P01)"},
		{"empty", pgproto3.AuthTypeCleartextPassword, message('p'), "FATAL: invalid password packet size (SQLSTATE 08P01)"},
		{"SASL mechanism", pgproto3.AuthTypeSASL, message('p', "SCRAM-SHA-256\x00", 3, "n,,"), "SCRAM-SHA-256"},
		{"SASL without NUL", pgproto3.AuthTypeSASL, message('p', "SCRAM"), "FATAL: invalid string in message (SQLSTATE 08P01)"},
		{"SASL cut short", pgproto3.AuthTypeSASL, message('p', "SCRAM-SHA-256\x00"), "FATAL: insufficient data left in message (SQLSTATE 08P01)"},
		{"SASL beyond the end", pgproto3.AuthTypeSASL, message('p', "SCRAM-SHA-256\x00", 30, "n,,"), "FATAL: insufficient data left in message (SQLSTATE 08P01)"},
		{"SASL with a tail", pgproto3.AuthTypeSASL, message('p', "SCRAM-SHA-256\x00", 1, "n,,"), "FATAL: invalid message format (SQLSTATE 08P01)"},
		{"SASL response", pgproto3.AuthTypeSASLContinue, message('p', "c=biws"), "c=biws"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			switch msg, err := New(&fakeConn{in: tt.in}, Config{}).ReceivePassword(tt.auth); m := msg.(type) {
			case *pgproto3.PasswordMessage:
				got = m.Password
			case *pgproto3.SASLInitialResponse:
				got = m.AuthMechanism
			case *pgproto3.SASLResponse:
				got = string(m.Data)
			default:
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
