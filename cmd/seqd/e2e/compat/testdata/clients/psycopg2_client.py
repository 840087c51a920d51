"""psycopg2: simple protocol, client-side parameters, named cursors, error fields."""
import psycopg2, psycopg2.extensions, psycopg2.extras, psycopg2.errors
from psycopg2 import sql

def section(name):
    print("#", name)

def failure(what, f):
    try:
        print(what, "no error", f())
    except psycopg2.Error as e:
        d = e.diag
        print(what, type(e).__name__, e.pgcode, d.severity, d.message_primary, d.message_detail, d.message_hint, d.statement_position,
              d.schema_name, d.table_name, d.constraint_name)

conn = psycopg2.connect("application_name=matrix")
cur = conn.cursor()

section("connect")
print(conn.server_version, conn.encoding, conn.isolation_level, conn.autocommit, conn.get_transaction_status())
for name in ("server_version", "server_encoding", "client_encoding", "is_superuser", "session_authorization", "DateStyle",
             "IntervalStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings"):
    print(name, conn.get_parameter_status(name).split()[0])

section("sequences")
cur.execute("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2")
print(cur.statusmessage)
cur.execute("SELECT nextval(%s), currval(%s), lastval()", ("s", "s"))
print(cur.fetchone(), [(d.name, d.type_code, d.internal_size) for d in cur.description])
cur.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier("s")))
print(cur.fetchone(), [(d.name, d.type_code) for d in cur.description])
cur.execute("SELECT setval('s', %s, %s)", (100, False))
print(cur.fetchone())
cur.executemany("SELECT nextval(%s)", [("s",), ("s",)])
print(cur.rowcount, cur.statusmessage)
cur.callproc("nextval", ["s"])
print(cur.fetchone())
conn.commit()
print(conn.notices)

section("prepared statements")
cur.execute("PREPARE n (regclass) AS SELECT nextval($1)")
cur.execute("EXECUTE n (%s)", ("s",))
print(cur.fetchone())
cur.execute("SELECT name, statement, parameter_types::text[], from_sql FROM pg_prepared_statements")
print(cur.fetchall())
cur.execute("DEALLOCATE n")
conn.commit()

section("errors")
failure("unknown", lambda: cur.execute("SELECT nextval('nosuch')"))
failure("aborted", lambda: cur.execute("SELECT 1"))
print(conn.get_transaction_status())
conn.rollback()
failure("syntax", lambda: cur.execute("SELEKT nextval('s')"))
conn.rollback()
failure("exists", lambda: cur.execute("CREATE SEQUENCE s"))
conn.rollback()
failure("bounds", lambda: cur.execute("SELECT setval('s', 0)"))
conn.rollback()
failure("type", lambda: cur.execute("SELECT nextval(%s)", (1.5,)))
conn.rollback()
cur.execute("CREATE SEQUENCE IF NOT EXISTS s")
print(conn.notices)
conn.commit()

section("transactions")
try:
    with conn:
        with conn.cursor() as c:
            c.execute("CREATE SEQUENCE gone")
            c.execute("SELECT nextval('gone'), nextval('s')")
            print(c.fetchone())
            raise RuntimeError("back")
except RuntimeError as e:
    print(e)
failure("gone", lambda: cur.execute("SELECT nextval('gone')"))
conn.rollback()
conn.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
cur.execute("SHOW transaction_isolation")
print(cur.fetchone())
failure("read only", lambda: cur.execute("SELECT nextval('s')"))
conn.rollback()
conn.set_session(isolation_level="READ COMMITTED", readonly=False, deferrable=False)
conn.set_session(autocommit=True)
cur.execute("SELECT nextval('s')")
print(cur.fetchone(), conn.get_transaction_status())
conn.set_session(autocommit=False)

section("cursors")
with conn.cursor("named", scrollable=True) as c:
    c.itersize = 2
    c.execute("SELECT g * 10 FROM generate_series(1, 5) g")
    print(c.fetchmany(2), c.fetchone())
    c.scroll(0, mode="absolute")
    print(c.fetchall())
with conn.cursor("iter") as c:
    c.itersize = 3
    c.execute("SELECT g, nextval('s') FROM generate_series(1, 7) g")
    print(list(c))
conn.commit()

section("types")
cur.execute("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, "
            "'2020-01-02 03:04:05'::timestamp, '2020-01-02 03:04:05+00'::timestamptz, '1 day 02:00:00'::interval, '\\x00ff'::bytea, "
            "'03:04:05'::time, current_date - current_date, '{\"a\": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid")
row = cur.fetchone()
print([bytes(v) if isinstance(v, memoryview) else v for v in row])
print([d.type_code for d in cur.description])
with conn.cursor(cursor_factory=psycopg2.extras.DictCursor) as c:
    c.execute("SELECT last_value AS v, is_called FROM s")
    print(dict(c.fetchone()))
with conn.cursor() as c:
    print(psycopg2.extras.execute_values.__name__, c.mogrify("SELECT %s, %s", ("a'b", [1, 2])))
    c.execute("SELECT %s, %s", ("a'b\\", [1, 2]))
    print(c.fetchone())
conn.commit()

section("pool reset")
conn.reset()
cur = conn.cursor()
failure("currval after reset", lambda: cur.execute("SELECT currval('s')"))
conn.rollback()
cur.execute("DISCARD TEMP")
conn.rollback()
conn.autocommit = True
cur.execute("DISCARD ALL")
failure("currval after discard", lambda: cur.execute("SELECT currval('s')"))
conn.autocommit = False

section("rows")
cur.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
cur.execute("SELECT pg_get_serial_sequence('t', 'id')")
print(cur.fetchone())
cur.execute("SELECT * FROM t")
print(cur.fetchall(), [(d.name, d.type_code) for d in cur.description])
conn.commit()
conn.close()
print(conn.closed)
