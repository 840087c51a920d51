package compat

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// client is a program that works with a server and prints what it sees.
type client struct {
	name string
	// version is a command whose output names the installed one; it fails without it.
	version []string
	// command is made once, and run for each server.
	command func(t *testing.T) []string
	// through puts something in between: it returns what to connect to.
	through func(t *testing.T, on server) server
	env     []string
	local   string // a database on PostgreSQL for what looks at the server from there
	fast    bool   // is played by go test -short
	notes   string // what the table has to say
}

const (
	python = "/usr/bin/python3" // Debian's, which has Debian's packages
	jars   = "/usr/share/java/"
	jdbc   = jars + "postgresql.jar"
)

func script(line ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		line := append([]string(nil), line...)
		file := &line[len(line)-1]
		*file, _ = filepath.Abs(filepath.Join("testdata", "clients", *file))
		if _, err := os.ReadFile(*file); err != nil { // also tells go test's cache what the result depends on
			t.Fatal(err)
		}
		return line
	}
}

func python3(module string) []string {
	return []string{python, "-c", "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))", module}
}

func npm(module string) []string {
	return []string{"node", "-p", fmt.Sprintf("require(process.env.NODE_PATH + '/%s/package.json').version", module)}
}

// debian names the version of a package that has no other way to tell.
func debian(name string) []string { return []string{"dpkg-query", "-W", "-f", "${Version}", name} }

const goModules = "testdata/go"

func goModule(module string) []string {
	return []string{"go", "list", "-m", "-f", "{{.Version}}", module}
}

var goPrograms struct {
	once sync.Once
	dir  string
	err  error
}

// goProgram builds the programs of testdata/go, which is a module of its own: what
// those clients need is none of seqd's business.
func goProgram(name string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		goPrograms.once.Do(func() {
			files, _ := filepath.Glob(filepath.Join(goModules, "*", "*.go"))
			for _, f := range append(files, filepath.Join(goModules, "go.sum")) {
				if _, goPrograms.err = os.ReadFile(f); goPrograms.err != nil {
					return
				}
			}
			if goPrograms.dir, goPrograms.err = os.MkdirTemp("", "seqd-clients-"); goPrograms.err != nil {
				return
			}
			cmd := exec.Command("go", "build", "-o", goPrograms.dir, "./...")
			cmd.Dir = goModules
			if out, err := cmd.CombinedOutput(); err != nil {
				goPrograms.err = fmt.Errorf("go build: %w\n%s", err, out)
			}
		})
		if goPrograms.err != nil {
			t.Fatal(goPrograms.err)
		}
		return []string{filepath.Join(goPrograms.dir, name)}
	}
}

// javaProgram compiles a program.
func javaProgram(name, classPath string, options ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		source := script(name + ".java")(t)[0]
		dir := t.TempDir()
		if out, err := exec.Command("javac", "-nowarn", "-cp", classPath, "-d", dir, source).CombinedOutput(); err != nil {
			t.Fatalf("javac: %v\n%s", err, out)
		}
		return append(append([]string{"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1"}, options...), "-cp", classPath+":"+dir, name)
	}
}

func hibernateJars() string {
	list := []string{jdbc}
	for _, name := range strings.Fields("hibernate-core dom4j slf4j-api slf4j-nop antlr commons-collections3 geronimo-jpa_2.0_spec geronimo-jta-1.2-spec hibernate-commons-annotations javassist") {
		list = append(list, jars+name+".jar")
	}
	return strings.Join(list, ":")
}

const otherTypes = "geometric, network, range and bit string types are not served"

var clients = []client{
	{name: "pgx", version: goModule("github.com/jackc/pgx/v5"), command: goProgram("pgx"), notes: "all five modes"},
	{name: "lib/pq", version: goModule("github.com/lib/pq"), command: goProgram("pq")},
	{name: "GORM", version: goModule("gorm.io/gorm"), command: goProgram("gorm")},
	{name: "bun", version: goModule("github.com/uptrace/bun"), command: goProgram("bun")},
	{name: "psycopg2", version: python3("psycopg2"), command: script(python, "psycopg2_client.py"), fast: true},
	{name: "psycopg 3", version: python3("psycopg"), command: script(python, "psycopg3_client.py"), fast: true},
	{name: "asyncpg", version: python3("asyncpg"), command: script(python, "asyncpg_client.py"), fast: true, notes: otherTypes},
	{name: "pg8000", version: python3("pg8000"), command: script(python, "pg8000_client.py"), fast: true, notes: "an error's file, line and routine are not compared: seqd sends none"},
	{name: "SQLAlchemy", version: python3("SQLAlchemy"), command: script(python, "sqlalchemy_client.py")},
	{name: "Django", version: python3("Django"), command: script(python, "django_client.py"), notes: "each migration's DDL; its bookkeeping (django_migrations, content types, permissions) is rows"},
	{name: "JDBC", version: debian("libpostgresql-jdbc-java"), command: javaProgram("Jdbc", jdbc), notes: "six sets of options; Hibernate 5's and 6's queries"},
	{name: "Hibernate", version: debian("libhibernate3-java"), command: javaProgram("Hibernate", hibernateJars(), "--add-opens", "java.base/java.lang=ALL-UNNAMED")},
	{name: "node-postgres", version: npm("pg"), command: script("node", "pg_client.js"), fast: true, notes: otherTypes},
	{name: "postgres.js", version: npm("postgres"), command: script("node", "postgresjs_client.js"), fast: true},
	{name: "knex", version: npm("knex"), command: script("node", "knex_client.js")},
	{name: "Sequelize", version: npm("sequelize"), command: script("node", "sequelize_client.js")},
	{name: "TypeORM", version: npm("typeorm"), command: script("node", "typeorm_client.js")},
	{name: "DBD::Pg", version: []string{"perl", "-MDBD::Pg", "-e", "print $DBD::Pg::VERSION"}, command: script("perl", "dbd_pg.pl"), fast: true},
	{name: "ruby-pg", version: debian("ruby-pg"), command: script("ruby", "ruby_pg.rb")},
	{name: "ActiveRecord", version: debian("ruby-activerecord"), command: script("ruby", "activerecord.rb")},
	{name: "Sequel", version: debian("ruby-sequel"), command: script("ruby", "sequel.rb")},
	{name: "PHP PDO and pgsql", version: []string{"php", "-r", "echo phpversion('pdo_pgsql');"}, command: script("php", "pdo.php"), fast: true},
	{name: "pgcli", version: python3("pgcli"), command: script(python, "pgcli_client.py"), notes: "without its casing file, which groups by a set-returning function"},
	{name: "PgBouncer, pool_mode=session", version: []string{"pgbouncer", "--version"}, command: goProgram("proxy"), through: pgbouncer("session"), env: []string{"PROXY=session"}},
	{name: "PgBouncer, pool_mode=transaction", version: []string{"pgbouncer", "--version"}, command: goProgram("proxy"), through: pgbouncer("transaction"), env: []string{"PROXY=transaction"}},
	{name: "HAProxy, option pgsql-check", version: []string{"haproxy", "-v"}, command: goProgram("proxy"), through: haproxy, env: []string{"PROXY=tcp"}},
	{name: "pg_isready", version: []string{"pg_isready", "--version"}, command: func(*testing.T) []string { return []string{"sh", "-c", "echo '# ready'; pg_isready; echo $?"} }, fast: true},
	{name: "postgres_fdw and dblink", version: []string{"psql", "--version"}, command: foreign, local: "foreign_", notes: "of a real PostgreSQL 15"},
}
