"""pgcli: what it asks the catalogs for its completions, psql's commands as pgspecial writes them, and statements."""
import os, subprocess, sys
from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial

def section(name):
    print("#", name)

ex = PGExecute(os.environ["PGDATABASE"], os.environ["PGUSER"], "", os.environ["PGHOST"], os.environ["PGPORT"], "")
special = PGSpecial()

def run(sql):
    for title, rows, headers, status, text, success, is_special in ex.run(sql, special, exception_formatter=lambda e: f"{type(e).__name__} {e.sqlstate} {e}", on_error_resume=True):
        if isinstance(status, str):
            print(sql, "->", title, headers, status, success)
        if rows is not None:
            for row in list(rows):
                print("   ", tuple(row))

section("connect")
print(ex.dbname, ex.user, str(ex.server_version).split()[0], ex.superuser, ex.valid_transaction(), ex.failed_transaction())
section("statements")
for sql in ("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2", "SELECT nextval('s'), currval('s'), lastval()", "SELECT * FROM s", "SELECT setval('s', 100, false)",
            "CREATE TABLE author (id serial PRIMARY KEY, name varchar(30) NOT NULL UNIQUE); CREATE TABLE book (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int REFERENCES author)",
            "SELECT nextval('nosuch')", "SELEKT 1", "BEGIN", "CREATE SEQUENCE gone", "SELECT nextval('gone')", "ROLLBACK", "SELECT nextval('gone')", "SELECT nextval('author_id_seq')"):
    run(sql)
section("completions")
print(ex.search_path(), sorted(ex.schemata()), sorted(ex.databases())[-2:])
print(sorted(t for t in ex.tables() if t[0] == "public"), sorted(v for v in ex.views() if v[0] == "information_schema")[:3])
print(sorted(tuple(c) for c in ex.table_columns() if c[0] == "public"), len(list(ex.view_columns())) > 100)
print([tuple(k) for k in ex.foreignkeys()])
functions = [f for f in ex.functions() if f.func_name in ("nextval", "setval", "currval")]
print(sorted((f.schema_name, f.func_name, str(f.arg_types), f.return_type, f.is_aggregate, f.is_window) for f in functions))
print(sorted(d for d in ex.datatypes() if d[0] == "public"))
section("commands")
for command in ("\\l template*", "\\dn", "\\d", "\\d author", "\\d book", "\\ds", "\\dt", "\\di", "\\dv", "\\df nextval", "\\dT int8", "\\du", "\\ddp", "\\dx", "\\db", "\\sf now", "\\dm", "\\dE", "\\dD"):
    run(command)
section("program")
sys.stdout.flush()
for args in (["--ping"], ["--list"]):
    p = subprocess.run([sys.executable, "/usr/bin/pgcli", *args, "-h", os.environ["PGHOST"], "-p", os.environ["PGPORT"], "-U", os.environ["PGUSER"], "-w", "-d", os.environ["PGDATABASE"]], capture_output=True, text=True)
    print([[x.strip() for x in l.split("|")[0:2]] for l in p.stdout.splitlines() if "template" in l or "PONG" in l], p.returncode, p.stderr)
