"""psycopg 3: server-side parameters, text and binary results, prepared statements, pipeline mode, server cursors."""
import logging
import psycopg
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types import TypeInfo

def section(name):
    print("#", name)

def failure(what, f):
    try:
        print(what, "no error", f())
    except psycopg.Error as e:
        d = e.diag
        print(what, type(e).__name__, e.sqlstate, d.severity, d.message_primary, d.message_detail, d.message_hint, d.statement_position)

logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # what it says of a pipeline's end depends on when results arrive
notices = []
conn = psycopg.connect("", application_name="matrix")
conn.add_notice_handler(lambda d: notices.append((d.severity, d.sqlstate, d.message_primary)))

section("connect")
print(conn.info.server_version, conn.info.encoding, conn.info.timezone, conn.info.transaction_status, conn.info.dbname)

section("sequences")
print(conn.execute("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2").statusmessage)
for binary in (False, True):
    cur = conn.cursor(binary=binary)
    cur.execute("SELECT nextval(%s), currval(%s), lastval()", ("s", "s"))
    print(cur.fetchone(), [(d.name, d.type_code, d.internal_size) for d in cur.description])
    cur.execute("SELECT * FROM s")
    print(cur.fetchone(), [(d.name, d.type_code) for d in cur.description])
    cur.execute("SELECT setval('s', %s, %s)", (100, False))
    print(cur.fetchone())
    cur.execute("SELECT setval(%(seq)s, %(v)b)", {"seq": "s", "v": 200})
    print(cur.fetchone())
    cur.executemany("SELECT nextval(%s)", [("s",), ("s",)], returning=True)
    while True:
        print(cur.fetchall())
        if not cur.nextset():
            break
conn.commit()

section("prepared statements")
for i in range(7):
    r = conn.execute("SELECT nextval(%s) + %s", ("s", i)).fetchone()
    print(r)
print(conn.execute("SELECT statement, parameter_types::text[], from_sql FROM pg_prepared_statements").fetchall())
print(conn.execute("SELECT nextval('s')", prepare=True).fetchone())
conn.prepare_threshold = 0
print(conn.execute("SELECT nextval(%s)", ("s",)).fetchone())
conn.prepare_threshold = None
conn.commit()

section("errors")
failure("unknown", lambda: conn.execute("SELECT nextval(%s)", ("nosuch",)))
failure("aborted", lambda: conn.execute("SELECT 1"))
conn.rollback()
failure("syntax", lambda: conn.execute("SELEKT nextval('s')"))
conn.rollback()
failure("exists", lambda: conn.execute("CREATE SEQUENCE s"))
conn.rollback()
failure("bounds", lambda: conn.execute("SELECT setval('s', %s)", (0,)))
conn.rollback()
failure("ambiguous", lambda: conn.execute("SELECT %s", (None,)).fetchone())
conn.rollback()
failure("two statements", lambda: conn.execute("SELECT 1; SELECT %s", (1,)))
conn.rollback()
conn.execute("CREATE SEQUENCE IF NOT EXISTS s")
print(notices)
conn.commit()

section("transactions")
try:
    with conn.transaction():
        conn.execute("CREATE SEQUENCE gone")
        with conn.transaction() as inner:
            print(conn.execute("SELECT nextval('gone')").fetchone())
            raise psycopg.Rollback(inner)
        print(conn.execute("SELECT nextval('gone')").fetchone())
        raise RuntimeError("back")
except RuntimeError as e:
    print(e)
failure("gone", lambda: conn.execute("SELECT nextval('gone')"))
conn.rollback()
conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
conn.read_only = True
print(conn.execute("SHOW transaction_isolation").fetchone())
failure("read only", lambda: conn.execute("SELECT nextval('s')"))
conn.rollback()
conn.isolation_level = conn.read_only = None
try:
    print(conn.tpc_recover())
except psycopg.Error as e:
    print(type(e).__name__, e.sqlstate)
conn.rollback()

section("pipeline")
with conn.pipeline() as p:
    curs = [conn.execute("SELECT nextval(%s)", ("s",)) for _ in range(4)]
    p.sync()
    print([c.fetchone() for c in curs])
try:
    with conn.pipeline() as p:
        a = conn.execute("SELECT nextval('s')")
        b = conn.execute("SELECT nextval('nosuch')")
        c = conn.execute("SELECT nextval('s')")
        a.fetchone()
        b.fetchone()
except psycopg.Error as e:
    print(type(e).__name__, e.sqlstate)
conn.rollback()

section("cursors")
with conn.cursor("named", scrollable=True) as c:
    c.execute("SELECT g * %s FROM generate_series(1, 5) g", (10,))
    print(c.fetchmany(2), c.fetchone())
    c.scroll(0, mode="absolute")
    print(c.fetchall())
with conn.cursor("bin", binary=True) as c:
    c.itersize = 3
    c.execute("SELECT g, nextval('s') FROM generate_series(1, 7) g")
    print(list(c))
cur = conn.cursor()
print(list(cur.stream("SELECT nextval(%s) FROM generate_series(1, 4)", ("s",))))
conn.commit()

section("types")
for binary in (False, True):
    cur = conn.cursor(binary=binary)
    cur.execute("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, "
                "'2020-01-02 03:04:05'::timestamp, '2020-01-02 03:04:05+00'::timestamptz, '1 day 02:00:00'::interval, '\\x00ff'::bytea, "
                "'03:04:05'::time, '{\"a\": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid, 's'::regclass::text, 1::oid")
    print(cur.fetchone(), [d.type_code for d in cur.description])
    cur.execute("SELECT %s::int8, %s::text, %s::bool, %s::int[], %s::float8", (7, "a'b\\", True, [1, None, 3], 2.5))
    print(cur.fetchone())
for name in ("int8", "text", "regclass", "nosuch"):
    info = TypeInfo.fetch(conn, name)
    print(name, info and (info.name, info.oid, info.array_oid))
cur = conn.cursor(row_factory=dict_row)
print(cur.execute("SELECT last_value AS v, is_called FROM s").fetchone())
print(conn.cursor(row_factory=namedtuple_row).execute("SELECT 1 AS a, 'b' AS b").fetchone())
conn.commit()

section("copy")
def copy(text):
    with conn.cursor() as c:
        with c.copy(text) as cp:
            return [bytes(x) for x in cp]
failure("copy to", lambda: copy("COPY (SELECT nextval('s') FROM generate_series(1, 3)) TO STDOUT"))
conn.rollback()

section("rows")
conn.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
print(conn.execute("SELECT pg_get_serial_sequence('t', 'id')").fetchone())
print(conn.execute("SELECT * FROM t WHERE id = %s", (1,)).fetchall())
conn.commit()
conn.close()
print(conn.closed)
