package target

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Of a connection that fails, one line says why, without the driver's tries.
func TestReadableConnectionError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	_, err = pgconn.Connect(context.Background(), "host=127.0.0.1 user=u password=secret port="+strconv.Itoa(port))
	if err == nil {
		t.Fatal("somebody answers")
	}
	got := readable(err).Error()
	if !strings.HasPrefix(got, "no connection: dial tcp 127.0.0.1:") || strings.Count(got, "dial") != 1 || strings.Contains(got, "secret") {
		t.Error(got)
	}
}

func TestReadableTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = pgconn.Connect(context.Background(), "host=127.0.0.1 user=u connect_timeout=1 port="+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if err == nil {
		t.Fatal("somebody answers")
	}
	if got := readable(err).Error(); got != "no answer in time" {
		t.Error(got)
	}
}
