"""pg8000 (1.10, as Debian has it): pure Python, extended protocol, binary results."""
import os
import pg8000

def section(name):
    print("#", name)

def failure(what, f):
    try:
        print(what, "no error", f())
    except pg8000.Error as e:
        print(what, type(e).__name__, e.args[:4])  # then position, and where in the source

conn = pg8000.connect(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"])
cur = conn.cursor()
section("sequences")
cur.execute("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2")
cur.execute("SELECT nextval(%s::text), currval(%s::text), lastval()", ("s", "s"))
print(cur.fetchone(), [d[:2] for d in cur.description])
cur.execute("SELECT * FROM s")
print(cur.fetchone(), [d[:2] for d in cur.description])
cur.execute("SELECT setval('s', %s, %s)", (100, False))
print(cur.fetchone())
cur.executemany("SELECT nextval(%s::text)", [("s",), ("s",)])
print(cur.rowcount)
conn.commit()
section("errors")
failure("unknown", lambda: cur.execute("SELECT nextval('nosuch')"))
failure("aborted", lambda: cur.execute("SELECT 1"))
conn.rollback()
failure("syntax", lambda: cur.execute("SELEKT nextval('s')"))
conn.rollback()
failure("exists", lambda: cur.execute("CREATE SEQUENCE s"))
conn.rollback()
section("transactions")
cur.execute("CREATE SEQUENCE gone")
conn.rollback()
failure("gone", lambda: cur.execute("SELECT nextval('gone')"))
conn.rollback()
section("types")
cur.execute("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x'::text, true, NULL::int, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, "
            "'2020-01-02 03:04:05'::timestamp, '\\x00ff'::bytea, '03:04:05'::time, '1 day 02:00'::interval")
print(cur.fetchone(), [d[1] for d in cur.description])
cur.execute("SELECT %s, %s::text, %s, %s, %s", (7, "a'b", True, [1, 2], 2.5))
print(cur.fetchone())
conn.commit()
section("rows")
cur.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
cur.execute("SELECT pg_get_serial_sequence('t', 'id')")
print(cur.fetchone())
cur.execute("SELECT * FROM t WHERE id = %s", (1,))
print(cur.fetchall())
conn.commit()
conn.close()
