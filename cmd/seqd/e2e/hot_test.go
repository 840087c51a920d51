package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestShortWay sends the same bytes to two sessions, one of which has a
// statement_timeout and so answers everything the general way. Whatever the messages
// and however they are cut into packets, the answers must be equal to the byte.
func TestShortWay(t *testing.T) {
	short, general := freshSeqd(t, seqdserver.Options{}), freshSeqd(t, seqdserver.Options{})
	for seed := range uint64(50) {
		compareHot(t, seed, short.Addr(), general.Addr())
	}
}

// TestShortWayFollower: a node that draws for all messages of a pipeline at once gives each
// the value that it would have had by itself, and none is lost on the way.
func TestShortWayFollower(t *testing.T) {
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterNodes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	leader, err := c.Leader()
	if err != nil {
		t.Fatal(err)
	}
	general := freshSeqd(t, seqdserver.Options{})
	for seed := range uint64(12) {
		compareHot(t, seed, c.Nodes[(leader+1)%clusterNodes].Addr(), general.Addr())
	}
}

func compareHot(t *testing.T, seed uint64, short, general string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	messages := hotMessages(t, r)
	a := hotAnswers(t, short, "", messages, r)
	b := hotAnswers(t, general, "-c statement_timeout=1h", messages, r)
	if !bytes.Equal(a, b) {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		from := max(0, at-200)
		t.Fatalf("seed %d, from byte %d on: short way\n%q\ngeneral way\n%q", seed, from, a[from:min(at+200, len(a))], b[from:min(at+200, len(b))])
	}
}

// hotMessages is a random stream in which the same few messages come again and again,
// on sequences of which one comes to its end.
func hotMessages(t *testing.T, r *rand.Rand) [][]byte {
	t.Helper()
	encode := func(m pgproto3.FrontendMessage) []byte {
		b, err := m.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	query := func(sql string) []byte { return encode(&pgproto3.Query{String: sql}) }
	bind := func(name string, result ...int16) []byte {
		return encode(&pgproto3.Bind{PreparedStatement: name, ResultFormatCodes: result})
	}
	rows := func(n int, result ...int16) []byte {
		return encode(&pgproto3.Bind{PreparedStatement: "rows", Parameters: [][]byte{fmt.Append(nil, n)}, ResultFormatCodes: result})
	}
	named := func(statement, name string, result ...int16) []byte {
		return encode(&pgproto3.Bind{PreparedStatement: statement, Parameters: [][]byte{[]byte(name)}, ResultFormatCodes: result})
	}
	execute, sync := encode(&pgproto3.Execute{}), encode(&pgproto3.Sync{})
	describe := encode(&pgproto3.Describe{ObjectType: 'P'})
	parse := func(name, sql string) []byte { return encode(&pgproto3.Parse{Name: name, Query: sql}) }
	group := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	frequent := [][]byte{
		query("SELECT nextval('a')"), query("SELECT nextval('c')"),
		group(bind("a"), execute, sync), group(bind("a"), describe, execute, sync), group(bind("c", 1), describe, execute, sync),
		group(bind("a"), execute), group(bind("c", 0), describe, execute), sync,
		group(bytes.Repeat(group(bind("a"), execute), 1+r.IntN(40)), sync), bytes.Repeat(group(bind("c", 1), describe, execute, sync), 1+r.IntN(300)),
		bytes.Repeat(query("SELECT nextval('a')"), 1+r.IntN(40)), group(bytes.Repeat(group(bind("two", 0, 1), describe, execute), 3), sync),
		group(parse("", "SELECT nextval('c'), nextval('a')"), bind(""), describe, execute, bind(""), execute, sync), group(bind(""), execute, sync),
		query("SELECT nextval('c'), nextval('a')"), bytes.Repeat(group(bind("a"), execute, sync, bind("c", 1), execute, sync), 3),
		query("SELECT nextval('c') FROM generate_series(1,700)"), query("SELECT nextval('a') AS x FROM generate_series(5,-5,-2)"), group(rows(1500, 0), describe, execute, sync),
		group(rows(3, 1), execute, bind("a"), execute, rows(3, 1), describe, execute, rows(0), execute, sync),
	}
	// Names that change, by Query, Bind or both; the whole of the extended protocol each time.
	names := []string{"a", "c", "small", "other", "nosuch", "A", "public.a", "pg_class", "t", "x.a", "", "16384", `"a"`, "a'b", strings.Repeat("n", 64), "renamed"}
	name := func() string {
		if r.IntN(3) > 0 {
			return []string{"a", "c"}[r.IntN(2)]
		}
		return names[r.IntN(len(names))]
	}
	long := strings.Repeat("long", 20) // is cut, with a notice
	for range 6 {
		n, unnamed := name(), parse("", []string{"SELECT nextval($1)", "SELECT nextval('a')", "SELECT nextval('c') AS " + long}[r.IntN(3)])
		frequent = append(frequent,
			query("SELECT nextval('"+n+"')"), query("select  pg_catalog.nextval('"+n+"'::regclass) as id;"), query("SELECT nextval('"+n+"') AS "+long),
			group(named("named", n), execute, sync), group(named("named", n, 1), describe, execute, sync), group(named("named", n), execute),
			group(parse("", "SELECT nextval($1)"), named("", n), describe, execute, sync), group(unnamed, bind(""), describe, execute, sync),
			group(parse("", "SELECT nextval('a')"), bind(""), execute, sync), group(parse("", "SELECT nextval('a')"), bind(""), execute, parse("", "SELECT nextval('a')"), bind(""), execute),
			bytes.Repeat(group(parse("", "SELECT nextval('c')"), bind("", 1), describe, execute, sync), 1+r.IntN(20)),
			group(parse("", "SELECT nextval('c') FROM generate_series(1, 3)"), bind(""), execute, sync))
	}
	both := group(query("SELECT nextval('a')"), query("SELECT nextval('c')"), named("named", "a"), execute, named("named", "c"), execute, sync)
	rare := [][]byte{
		group(query("SET search_path = x, public"), both, query("RESET search_path"), both), group(query("CREATE TEMP SEQUENCE c"), both, query("DROP SEQUENCE pg_temp.c"), both),
		bytes.Repeat(group(parse("", "SELECT nextval('a')"), bind("a"), execute, sync, bind(""), execute, sync, query("SELECT nextval('a')")), 4),
		parse("", "SELECT nextval('a')"), group(bind("named"), execute, sync), query("CREATE TEMP SEQUENCE IF NOT EXISTS c"), query("DROP SEQUENCE IF EXISTS pg_temp.c"),
		query("ALTER SEQUENCE IF EXISTS other RENAME TO renamed"), query("SET search_path = x, public"), query("RESET search_path"), query("DISCARD ALL"),
		group(parse("named", "SELECT nextval($1)"), sync), group(encode(&pgproto3.Bind{PreparedStatement: "named", Parameters: [][]byte{nil}}), execute, sync),
		query("/* 'a' */ SELECT nextval('a')"), query("SELECT nextval('a'), 1"), query("SELECT 1, nextval('a')"), query("SELECT nextval('small'), nextval('a')"),
		query("BEGIN"), query("COMMIT"), query("ROLLBACK"), query("SELECT nextval('small')"), query("SELECT currval('a'), lastval()"),
		group(bind("small"), describe, execute, sync), group(bind("small"), execute), query("SET search_path = public"),
		query("CREATE SEQUENCE IF NOT EXISTS other"), query("DROP SEQUENCE a; CREATE SEQUENCE a START 100"), query("DISCARD SEQUENCES"),
		execute, describe, encode(&pgproto3.Execute{MaxRows: 1}), encode(&pgproto3.Close{ObjectType: 'P'}),
		encode(&pgproto3.Close{ObjectType: 'S', Name: "a"}), parse("a", "SELECT nextval('a')"),
		parse("a", "SELECT nextval('c')"), group(parse("", "SELECT 1"), sync), query("ALTER SEQUENCE small RESTART"),
		group(bytes.Repeat(group(bind("small"), execute), 5), sync), bytes.Repeat(query("SELECT nextval('small')"), 5),
		query("BEGIN READ ONLY"), query("SELECT setval('c', 7)"), query("SELECT 1/0"), encode(&pgproto3.Flush{}),
		query("SELECT nextval('small') FROM generate_series(1,2)"), group(bind("smalls"), execute, bind("smalls"), execute, sync),
		query(`FETCH 1 FROM ""`), query("SELECT name, statement FROM pg_cursors"),
	}
	list := [][]byte{
		query("DROP SEQUENCE IF EXISTS a, c, small, other, renamed"), query("DROP TABLE IF EXISTS t"), query("CREATE TABLE t (i int)"),
		query("CREATE SCHEMA IF NOT EXISTS x"), query(`CREATE SEQUENCE IF NOT EXISTS "A" START 1000`), query("CREATE SEQUENCE IF NOT EXISTS x.c"), query("ALTER SEQUENCE x.c RESTART"), query("CREATE SEQUENCE a"), query("CREATE SEQUENCE c CACHE 5"), query("CREATE SEQUENCE small MAXVALUE 3"),
	}
	for _, name := range []string{"a", "c", "small"} {
		list = append(list, group(parse(name, fmt.Sprintf("SELECT nextval('%s')", name)), sync))
	}
	list = append(list, parse("rows", "SELECT nextval('c') FROM generate_series(1, $1::int)"), parse("smalls", "SELECT nextval('small') FROM generate_series(1, 2)"))
	list = append(list, parse("named", "SELECT nextval($1)"))
	list = append(list, parse("two", "SELECT nextval('a'), nextval('c')"), sync)
	for range 80 {
		from := frequent
		if r.IntN(6) == 0 {
			from = rare
		}
		m := from[r.IntN(len(from))]
		for range 1 + r.IntN(4) {
			list = append(list, m)
		}
	}
	return append(list, sync, query("ROLLBACK"), query("SELECT 'the end'"))
}

// hotAnswers sends the messages, cut anywhere, and returns all that comes back after
// the greeting.
func hotAnswers(t *testing.T, addr, options string, messages [][]byte, r *rand.Rand) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	params := map[string]string{"user": "postgres", "database": "postgres"}
	if options != "" {
		params["options"] = options
	}
	hello, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: params}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(hello); err != nil {
		t.Fatal(err)
	}
	readUntil(t, conn, []byte("Z\x00\x00\x00\x05I"))
	stream := bytes.Join(messages, nil)
	go func() {
		if r.IntN(2) == 0 { // as round trips: each is answered before the next comes, mostly
			for _, m := range messages {
				if _, err := conn.Write(m); err != nil {
					return
				}
				time.Sleep(200 * time.Microsecond)
			}
			return
		}
		for len(stream) > 0 {
			n := min(len(stream), 1+r.IntN(400))
			if _, err := conn.Write(stream[:n]); err != nil {
				return
			}
			stream = stream[n:]
		}
	}()
	return readUntil(t, conn, []byte("the end\x00\x00"), []byte("C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"))
}

// readUntil reads until the marks have come, the first maybe with other bytes behind.
func readUntil(t *testing.T, conn net.Conn, marks ...[]byte) []byte {
	t.Helper()
	var got []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := conn.Read(chunk)
		got = append(got, chunk[:n]...)
		if bytes.HasSuffix(got, marks[len(marks)-1]) && (len(marks) == 1 || bytes.Contains(got, []byte("the end"))) {
			return got
		}
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
	}
}
