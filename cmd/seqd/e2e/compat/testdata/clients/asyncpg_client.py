"""asyncpg: binary results, prepared statements, cursors, type introspection, pools."""
import asyncio, os
import asyncpg

def section(name):
    print("#", name)

async def failure(what, awaitable):
    try:
        print(what, "no error", await awaitable)
    except asyncpg.PostgresError as e:
        print(what, type(e).__name__, e.sqlstate, e.message, e.detail, e.hint, getattr(e, "position", None))

async def main():
    notices = []
    conn = await asyncpg.connect()
    conn.add_log_listener(lambda c, m: notices.append((m.sqlstate, m.message)))
    section("connect")
    print(conn.get_server_version(), conn.get_settings().client_encoding, conn.get_settings().server_version.split()[0], conn.is_in_transaction())
    section("sequences")
    print(await conn.execute("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2"))
    print(await conn.fetchrow("SELECT nextval($1), currval($1), lastval()", "s"))
    print(dict(await conn.fetchrow("SELECT * FROM s")))
    print(await conn.fetchval("SELECT setval('s', $1, $2)", 100, False))
    print(await conn.executemany("SELECT nextval($1)", [("s",), ("s",)]), await conn.fetchval("SELECT nextval('s')"))
    print(await conn.execute("CREATE SEQUENCE IF NOT EXISTS s"))
    await asyncio.sleep(0)
    print(notices)
    section("prepared statements")
    st = await conn.prepare("SELECT nextval($1) AS n, $2::int8 AS v, $3::text[] AS a")
    print(st.get_parameters(), st.get_attributes(), st.get_query(), st.get_statusmsg())
    print(await st.fetchrow("s", 7, ["a", None]))
    print(await conn.fetch("SELECT statement, parameter_types::text[] FROM pg_prepared_statements ORDER BY 1"))
    section("errors")
    await failure("unknown", conn.execute("SELECT nextval('nosuch')"))
    await failure("unknown, prepared", conn.fetchval("SELECT nextval($1)", "nosuch"))
    await failure("syntax", conn.fetchval("SELEKT nextval('s')"))
    await failure("exists", conn.execute("CREATE SEQUENCE s"))
    await failure("bounds", conn.fetchval("SELECT setval('s', $1)", 0))
    section("transactions")
    try:
        async with conn.transaction(isolation="repeatable_read"):
            await conn.execute("CREATE SEQUENCE gone")
            await failure("in a savepoint", savepoint(conn))
            print(await conn.fetchval("SELECT nextval('gone')"), conn.is_in_transaction())
            raise RuntimeError("back")
    except RuntimeError as e:
        print(e)
    await failure("gone", conn.fetchval("SELECT nextval('gone')"))
    async with conn.transaction(isolation="serializable", readonly=True, deferrable=True):
        await failure("read only", conn.fetchval("SELECT nextval('s')"))
    section("cursors")
    async with conn.transaction():
        print([tuple(r) async for r in conn.cursor("SELECT g, nextval('s') FROM generate_series(1, 7) g", prefetch=3)])
        cur = await conn.cursor("SELECT nextval('s') FROM generate_series(1, 5)")
        print(await cur.fetch(2), await cur.forward(1), await cur.fetchrow(), await cur.fetch(9))
    section("types")
    row = await conn.fetchrow("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, "
        "'2020-01-02 03:04:05'::timestamp, '2020-01-02 03:04:05+00'::timestamptz, '1 day 02:00:00'::interval, '\\x00ff'::bytea, "
        "'03:04:05'::time, '{\"a\": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid, 's'::regclass::text, 1::oid, 'n'::name, 'c'::\"char\", "
        "row(1, 'x'), '1 2'::oidvector")
    print(list(row))
    print(await conn.fetchrow("SELECT $1::int8, $2::text, $3::bool, $4::int[], $5::float8, $6::numeric, $7::timestamptz", 7, "a'b\\", True, [1, None, 3], 2.5, 3, None))
    section("introspection of types")
    print(await conn.fetchval("SELECT array_agg(x) FROM (SELECT oid::regtype AS x FROM pg_type WHERE typname IN ('int8', 'int4') ORDER BY 1) t"))
    print(await conn.fetchval("SELECT sequence_name FROM information_schema.sequences"))
    await conn.set_type_codec("json", encoder=str, decoder=lambda x: ("decoded", x), schema="pg_catalog")
    print(await conn.fetchval("SELECT '{\"a\": 1}'::json"))
    await conn.reset_type_codec("json", schema="pg_catalog")
    section("rows")
    await conn.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    print(await conn.fetchval("SELECT pg_get_serial_sequence('t', 'id')"), await conn.fetch("SELECT * FROM t WHERE id = $1", 1))
    section("pool")
    pool = await asyncpg.create_pool(min_size=2, max_size=2)
    async with pool.acquire() as c:
        await c.execute("SET application_name = 'x'; SET statement_timeout = 1234")
        print(await c.fetchval("SELECT nextval('s')"))
        a = c.get_server_pid()
    async with pool.acquire() as c:
        print(await c.fetchval("SHOW statement_timeout"), a == c.get_server_pid())
        await failure("timeout", cancelled(c))
        print(await c.fetchval("SELECT nextval('s')"))
    await pool.close()
    section("advisory locks and reset")
    print(await conn.fetchval("SELECT pg_try_advisory_lock(42)"), await conn.fetchval("SELECT pg_advisory_unlock(42)"))
    await conn.reset()
    await conn.close()

async def savepoint(conn):
    async with conn.transaction():
        await conn.fetchval("SELECT nextval('nosuch')")

async def cancelled(c):
    try:
        await c.fetchval("SELECT pg_sleep(600)", timeout=1)
    except asyncio.TimeoutError:
        return "timed out"

asyncio.run(main())
