package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// auditLine is a line of the audit log, as far as the tests look at it.
type auditLine struct {
	Level, Msg, Event, Role, Login, Database, Address, Action, Object, Old, New, Error, Reason, Outcome string

	SessionRole string `json:"session_role"`
	PID         int
}

func (l auditLine) String() string {
	return strings.Join([]string{l.Event, l.Role, l.SessionRole, l.Login, l.Action, l.Object, l.Old, l.New}, "|")
}

// auditLines are the lines in a server's log so far.
func auditLines(t *testing.T, log string) (list []auditLine) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l auditLine
		if !strings.HasPrefix(line, "{") {
			continue
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if l.Msg == "audit" {
			list = append(list, l)
		}
	}
	return list
}

func startLogged(t *testing.T, args ...string) *seqdserver.Server {
	t.Helper()
	s, err := seqdserver.Start(seqdserver.Options{DataDir: filepath.Join(t.TempDir(), "data"),
		Args: append([]string{"--cluster-listen", "off", "--log-format", "json"}, args...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var marks int

// settled are the events up to now, of which the test's own mark was the next: the log
// comes through a pipe.
func settled(t *testing.T, s *seqdserver.Server) []auditLine {
	t.Helper()
	marks++
	mark := fmt.Sprintf("text=\"mark %d\"", marks)
	query(t, s.DSN(), fmt.Sprintf("COMMENT ON DATABASE postgres IS 'mark %d'", marks))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		lines := auditLines(t, s.Tail())
		if n := len(lines); n > 0 && lines[n-1].New == mark {
			return lines[:n-1]
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log does not show %s:\n%s", mark, s.Tail())
		}
	}
}

func open(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// auditedStatements are run one after the other in one session of postgres, each with
// the events that it is to leave behind: event|role|action|object|old|new.
var auditedStatements = []struct {
	sql    string
	events []string
}{
	{"CREATE ROLE joe LOGIN PASSWORD 'one'", []string{"privilege change|postgres|CREATE|role joe||name=\"joe\" superuser=false inherit=true createrole=false createdb=false login=true replication=false bypassrls=false connection_limit=-1 password=set valid_until=none"}},
	{"ALTER ROLE joe PASSWORD 'two'", []string{"privilege change|postgres|ALTER|role joe|password=set|password=changed"}},
	{"ALTER ROLE joe RENAME TO \"j\no\"", []string{"privilege change|postgres|ALTER|role joe|name=\"joe\"|name=\"j\\no\""}},
	{"ALTER ROLE \"j\no\" RENAME TO joe", []string{"privilege change|postgres|ALTER|role \"j\no\"|name=\"j\\no\"|name=\"joe\""}},
	{"CREATE SEQUENCE s", []string{`definition|postgres|CREATE|sequence public.s||name="s" schema=public owner=postgres acl=default type=bigint increment=1 minvalue=1 maxvalue=9223372036854775807 start=1 cache=1 cycle=false persistence=p owned_by=none order=strict`}},
	{"GRANT USAGE ON SEQUENCE s TO joe", []string{"privilege change|postgres|ALTER|sequence public.s|acl=default|acl={postgres=rwU/postgres,joe=U/postgres}"}},
	{"REVOKE ALL ON SEQUENCE s FROM joe", []string{"privilege change|postgres|ALTER|sequence public.s|acl={postgres=rwU/postgres,joe=U/postgres}|acl={postgres=rwU/postgres}"}},
	{"GRANT pg_monitor TO joe WITH ADMIN OPTION", []string{"privilege change|postgres|CREATE|membership of joe in pg_monitor||admin=true grantor=postgres"}},
	{"REVOKE ADMIN OPTION FOR pg_monitor FROM joe", []string{"privilege change|postgres|ALTER|membership of joe in pg_monitor|admin=true|admin=false"}},
	{"ALTER DEFAULT PRIVILEGES FOR ROLE joe GRANT USAGE ON SEQUENCES TO PUBLIC", []string{"privilege change|postgres|CREATE|default privileges of joe on sequences||acl={=U/joe,joe=rwU/joe}"}},
	// Nothing of what is rolled back, or refused, has happened.
	{"BEGIN; DROP SEQUENCE s; CREATE SEQUENCE gone; GRANT ALL ON SEQUENCE gone TO joe; ROLLBACK", nil},
	{"BEGIN; CREATE SEQUENCE gone; SELECT 1/0", nil},
	{"ROLLBACK", nil},
	{"GRANT ALL ON SEQUENCE nosuch TO joe", nil},
	// Forward moves are no events, backward ones are.
	{"SELECT nextval('s'), setval('s', 100), setval('s', 200, false)", nil},
	{"SELECT setval('s', 7)", []string{"sequence moved back|postgres|setval|sequence public.s|last_value=200 is_called=false|last_value=7 is_called=true"}},
	{"SELECT nextval('s')", nil},
	{"SELECT setval('s', 8, false)", []string{"sequence moved back|postgres|setval|sequence public.s|last_value=8 is_called=true|last_value=8 is_called=false"}},
	{"SELECT setval('s', 3, true) FROM generate_series(1, 2)", []string{"sequence moved back|postgres|setval|sequence public.s|last_value=8 is_called=false|last_value=3 is_called=true"}},
	{"BEGIN; SELECT setval('s', 2, true); ROLLBACK", []string{"sequence moved back|postgres|setval|sequence public.s|last_value=3 is_called=true|last_value=2 is_called=true"}},
	{"SELECT nextval('s'), nextval('s')", nil},
	{"ALTER SEQUENCE s RESTART", []string{
		"definition|postgres|ALTER|sequence public.s|last_value=4 is_called=true|last_value=1 is_called=false",
		"sequence moved back|postgres|ALTER|sequence public.s|last_value=4 is_called=true|last_value=1 is_called=false"}},
	{"ALTER SEQUENCE s INCREMENT -1 MINVALUE -100", []string{"definition|postgres|ALTER|sequence public.s|increment=1 minvalue=1|increment=-1 minvalue=-100"}},
	{"SELECT nextval('s'), nextval('s'), setval('s', -50)", nil},
	{"SELECT setval('s', -49)", []string{"sequence moved back|postgres|setval|sequence public.s|last_value=-50 is_called=true|last_value=-49 is_called=true"}},
	{"CREATE TABLE t (id serial); SELECT nextval('t_id_seq'), nextval('t_id_seq')", []string{
		`definition|postgres|CREATE|table public.t||name="t" schema=public owner=postgres acl=default columns="id" constraints="" persistence=p`,
		`definition|postgres|CREATE|sequence public.t_id_seq||name="t_id_seq" schema=public owner=postgres acl=default type=integer increment=1 minvalue=1 maxvalue=2147483647 start=1 cache=1 cycle=false persistence=p owned_by=public.t.id order=strict`}},
	{"TRUNCATE t RESTART IDENTITY", []string{
		"definition|postgres|ALTER|sequence public.t_id_seq|last_value=2 is_called=true|last_value=1 is_called=false",
		"sequence moved back|postgres|ALTER|sequence public.t_id_seq|last_value=2 is_called=true|last_value=1 is_called=false"}},
	{"GRANT SELECT (id) ON t TO joe", []string{"privilege change|postgres|ALTER|table public.t||acl(id)={joe=r/postgres}"}},
	// Who: the role, whose it is, and the login.
	{"GRANT CREATE ON SCHEMA public TO joe", []string{"privilege change|postgres|ALTER|schema public|acl={pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}|acl={pg_database_owner=UC/pg_database_owner,=U/pg_database_owner,joe=C/pg_database_owner}"}},
	{"SET ROLE joe; CREATE SCHEMA AUTHORIZATION joe", nil},
	{"SET ROLE joe", nil},
	{"CREATE SEQUENCE mine", []string{`definition|joe|CREATE|sequence public.mine||name="mine" schema=public owner=joe acl={=U/joe,joe=rwU/joe} type=bigint increment=1 minvalue=1 maxvalue=9223372036854775807 start=1 cache=1 cycle=false persistence=p owned_by=none order=strict`}},
	{"RESET ROLE", nil},
	{"BEGIN; SET LOCAL ROLE joe; DROP SEQUENCE mine; RESET ROLE; COMMENT ON SEQUENCE s IS 'x\ny'; COMMIT", []string{
		`definition|joe,postgres|DROP|sequence public.mine|name="mine" schema=public owner=joe acl={=U/joe,joe=rwU/joe} type=bigint increment=1 minvalue=1 maxvalue=9223372036854775807 start=1 cache=1 cycle=false persistence=p owned_by=none order=strict|`,
		`definition|joe,postgres|CREATE|comment on sequence public.s||text="x\ny"`}},
	{"ALTER SEQUENCE s OWNER TO joe", []string{"privilege change|postgres|ALTER|sequence public.s|owner=postgres acl={postgres=rwU/postgres}|owner=joe acl={joe=rwU/joe}"}},
	{"CREATE DATABASE d", []string{`definition|postgres|CREATE|database d||name="d" owner=postgres acl=default allow_connections=true connection_limit=-1 is_template=false`}},
	{"GRANT CREATE ON DATABASE d TO joe", []string{"privilege change|postgres|ALTER|database d|acl=default|acl={=Tc/postgres,postgres=CTc/postgres,joe=C/postgres}"}},
	{"DROP DATABASE d", []string{`definition|postgres|DROP|database d|name="d" owner=postgres acl={=Tc/postgres,postgres=CTc/postgres,joe=C/postgres} allow_connections=true connection_limit=-1 is_template=false|`}},
	{"ALTER ROLE joe SET search_path = a, b", []string{`definition|postgres|CREATE|settings of role joe||search_path="a, b"`}},
	{"CREATE TEMP SEQUENCE tmp; SELECT setval('tmp', 5); SELECT setval('tmp', 1)", nil},
}

// TestAudit: each statement leaves its lines behind, and no others.
func TestAudit(t *testing.T) {
	s := startLogged(t)
	conn := open(t, s.DSN())
	seen := 0
	for _, st := range auditedStatements {
		if _, err := conn.Exec(t.Context(), st.sql).ReadAll(); err != nil {
			t.Logf("%s: %v", st.sql, err)
		}
		var got []string
		lines := settled(t, s)
		for _, l := range lines[seen:] {
			got = append(got, strings.Join([]string{l.Event, l.Role, l.Action, l.Object, l.Old, l.New}, "|"))
			if l.SessionRole != "postgres" || l.Login != "postgres" || l.Database != "postgres" || l.Address != "127.0.0.1" || l.PID != int(conn.PID()) {
				t.Errorf("%s: by %+v", st.sql, l)
			}
		}
		seen = len(lines) + 1 // the marker
		if strings.Join(got, "\n") != strings.Join(st.events, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s", st.sql, strings.Join(got, "\n"), strings.Join(st.events, "\n"))
		}
	}
}

// TestAuditOfSessions: who logged in is told apart from who the session is, and refusals
// at the login that no rule makes are written down, too.
func TestAuditOfSessions(t *testing.T) {
	s := startLogged(t)
	admin := open(t, s.DSN())
	for _, sql := range []string{"CREATE ROLE joe LOGIN", "CREATE ROLE ann", "CREATE ROLE \"full\" LOGIN CONNECTION LIMIT 0",
		"CREATE DATABASE shut ALLOW_CONNECTIONS false", "CREATE DATABASE \"full\" CONNECTION LIMIT 0",
		"REVOKE CONNECT ON DATABASE template1 FROM PUBLIC", "SET SESSION AUTHORIZATION joe"} {
		if _, err := admin.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(sql, err)
		}
	}
	before := len(settled(t, s)) + 1
	if _, err := admin.Exec(t.Context(), "CREATE TEMP SEQUENCE x; RESET SESSION AUTHORIZATION; SET SESSION AUTHORIZATION joe; ALTER ROLE joe PASSWORD 'x'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	lines := settled(t, s)[before:]
	if len(lines) != 1 || lines[0].String() != "privilege change|joe|joe|postgres|ALTER|role joe|password=none|password=set" {
		t.Errorf("%v", lines)
	}
	for _, refused := range []struct{ user, database, want string }{
		{"joe", "nosuch", `database "nosuch" does not exist`},
		{"joe", "shut", `database "shut" is not currently accepting connections`},
		{"joe", "full", `too many connections for database "full"`},
		{"joe", "template1", `permission denied for database "template1"`},
		{"ann", "postgres", `role "ann" is not permitted to log in`},
		{"full", "postgres", `too many connections for role "full"`},
		{"no\nbody", "postgres", "role \"no\nbody\" does not exist"},
	} {
		before := len(settled(t, s)) + 1
		config, err := pgconn.ParseConfig(s.DSN())
		if err != nil {
			t.Fatal(err)
		}
		config.User, config.Database = refused.user, refused.database
		if conn, err := pgconn.ConnectConfig(t.Context(), config); err == nil {
			_ = conn.Close(t.Context())
			t.Errorf("%s got into %s", refused.user, refused.database)
		}
		lines := settled(t, s)[before:]
		if len(lines) != 1 || lines[0].Event != "login refused" || lines[0].Error != refused.want || lines[0].Level != "WARN" ||
			lines[0].Role != refused.user || lines[0].Database != refused.database || lines[0].Address != "127.0.0.1" {
			t.Errorf("%+v, want %q", lines, refused.want)
		}
	}
}

// TestPasswordsStaySecret: a password is nowhere but in the client: not in the log, in
// errors, in what others see of a session, in the raft log or in a snapshot.
func TestPasswordsStaySecret(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "hba.conf")
	if err := os.WriteFile(rules, []byte("host all joe all scram-sha-256\nhost all all all trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	s, err := seqdserver.Start(seqdserver.Options{DataDir: dir, Args: []string{"--cluster-listen", "127.0.0.1:0", "--log-level", "debug", "--hba-file", rules}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn := open(t, s.DSN())
	const secret = "hunter2-very-secret"
	var said []string
	for _, sql := range []string{
		"CREATE ROLE joe LOGIN PASSWORD 'SECRET'", "ALTER ROLE joe PASSWORD 'SECRET'", "ALTER ROLE joe ENCRYPTED PASSWORD E'SECRET'",
		"CREATE USER ann PASSWORD 'SECRET' IN ROLE joe", "ALTER ROLE nosuch PASSWORD 'SECRET'", "ALTER ROLE joe PASSWORD 'SECRET' VALID UNTIL 'no time'",
		"ALTER ROLE joe PASSWORD 'SECRET' PASSWORD 'SECRET'", "ALTER ROLE joe PASSWORD 'SECRET' SUPERUSER NOSUPERUSER",
		"BEGIN; ALTER ROLE joe PASSWORD 'SECRET'; SELECT 1/0", "ROLLBACK",
		"alter /* a comment */ role joe\npassword 'SECRET'; SELECT 1",
	} {
		_, err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "SECRET", secret)).ReadAll()
		said = append(said, fmt.Sprintf("%+v", err))
		for _, seen := range []string{"SELECT query FROM pg_stat_activity", "SELECT rolpassword FROM pg_authid", "SELECT statement FROM pg_prepared_statements"} {
			said = append(said, query(t, s.DSN(), seen)...)
		}
	}
	prepared := conn.ExecParams(t.Context(), "ALTER ROLE joe PASSWORD '"+secret+"'", nil, nil, nil, nil).Read()
	said = append(said, fmt.Sprint(prepared.Err))
	login := func(password string) {
		config, err := pgconn.ParseConfig(s.DSN())
		if err != nil {
			t.Fatal(err)
		}
		config.User, config.Password = "joe", password
		c, err := pgconn.ConnectConfig(t.Context(), config)
		if err == nil {
			_ = c.Close(t.Context())
		}
		said = append(said, strings.ReplaceAll(fmt.Sprint(err), "`", ""))
	}
	login(secret + "!")
	login(secret)
	if last := said[len(said)-1]; last != "<nil>" {
		t.Fatalf("the password does not do: %s", last)
	}
	if _, err := conn.Exec(t.Context(), "CHECKPOINT").ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, text := range append(said, s.Tail()) {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the password is in %q", text)
		}
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("hunter2")) {
			t.Errorf("the password is in %s", path)
		}
		if filepath.Base(path) == "raft.db" && !bytes.Contains(content, []byte("SCRAM-SHA-256$")) {
			t.Error("no verifier is in the log either: the test looks in the wrong place")
		}
		return err
	})
	if err != nil || files < 3 {
		t.Fatal(files, err)
	}
}
