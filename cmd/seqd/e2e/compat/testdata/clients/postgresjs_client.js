// postgres (porsager): types by describe, pipelining, transactions, cursors, fragments.
const postgres = require('postgres')
const section = (name) => console.log('#', name)
const show = (...v) => console.log(...v.map((x) => (typeof x === 'string' ? x : JSON.stringify(x, (k, y) => (typeof y === 'bigint' ? String(y) : y)))))
const failure = async (what, f) => {
  try { show(what, 'no error', await f()) } catch (e) { show(what, e.name, e.severity, e.code, e.message, e.detail, e.hint, e.position) }
}
const result = (r) => [r.command, r.count, [...r], r.columns && r.columns.map((c) => [c.name, c.type])]
async function main() {
  const sql = postgres({ max: 1, onnotice: (n) => show('notice', n.code, n.message), connection: { application_name: 'matrix' } })
  section('connect')
  show(await sql`SHOW application_name`)
  show(sql.parameters && [sql.parameters.server_version.split(' ')[0], sql.parameters.server_encoding, sql.parameters.TimeZone, sql.parameters.is_superuser])
  section('sequences')
  show(result(await sql`CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2`))
  show(result(await sql`SELECT nextval(${'s'}), currval('s'), lastval()`))
  show(result(await sql`SELECT * FROM ${sql('s')}`))
  show(result(await sql`SELECT setval('s', ${100}, ${false})`))
  show((await sql`SELECT nextval('s'); SELECT nextval('s') AS n`.simple()).map(result))
  show((await Promise.all([1, 2, 3].map((i) => sql`SELECT nextval('s') + ${i} AS n`))).map(result))
  show(await sql`SELECT nextval('s')`.values(), [...(await sql`SELECT nextval('s')`.raw())].map((r) => r.map(String)))
  const d = await sql`SELECT nextval(${'s'}) AS n, ${7}::int8 AS v, ${['a']}::text[] AS a`.describe()
  show(d.types, d.columns.map((c) => [c.name, c.type]))
  await sql`CREATE SEQUENCE IF NOT EXISTS s`
  section('errors')
  await failure('unknown', () => sql`SELECT nextval('nosuch')`)
  await failure('unknown, parameter', () => sql`SELECT nextval(${'nosuch'})`)
  await failure('syntax', () => sql`SELEKT 1`)
  await failure('exists', () => sql`CREATE SEQUENCE s`)
  await failure('bounds', () => sql`SELECT setval('s', ${0})`)
  section('transactions')
  await failure('rolled back', () => sql.begin('isolation level serializable', async (tx) => {
    await tx`CREATE SEQUENCE gone`
    await failure('savepoint', () => tx.savepoint((sp) => sp`SELECT nextval('nosuch')`))
    show(result(await tx`SELECT nextval('gone')`))
    throw new Error('back')
  }))
  await failure('gone', () => sql`SELECT nextval('gone')`)
  show(await sql.begin((tx) => [tx`SELECT nextval('s')`, tx`SELECT currval('s')`]))
  section('cursors')
  await sql`SELECT g, nextval('s') FROM generate_series(1, 7) g`.cursor(3, (r) => show([...r]))
  for await (const [row] of sql`SELECT nextval('s') FROM generate_series(1, 3)`.cursor()) show(row)
  await sql`SELECT nextval('s') FROM generate_series(1, 4)`.forEach((r) => show(r))
  section('types')
  show(result(await sql`SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02 03:04:05+00'::timestamptz,
    '1 day 02:00:00'::interval, '\\x00ff'::bytea, '03:04:05'::time, '{"a": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid`))
  show(result(await sql`SELECT ${7}::int8, ${"a'b\\"}::text, ${true}::bool, ${[1, 2]}::int[], ${2.5}::float8, ${new Date(0)}::timestamptz, ${sql.json({ a: 1 })}::jsonb AS j, ${Buffer.from([0, 255])}::bytea`))
  show(result(await sql`SELECT 1 WHERE 2 IN ${sql([1, 2, 3])}`))
  section('copy')
  await failure('copy to', async () => {
    const chunks = []
    for await (const c of await sql`COPY (SELECT nextval('s') FROM generate_series(1, 3)) TO STDOUT`.readable()) chunks.push(String(c))
    return chunks.join('')
  })
  section('rows')
  await sql`CREATE TABLE t (id serial PRIMARY KEY, name text)`
  show(result(await sql`SELECT pg_get_serial_sequence('t', 'id')`))
  show(result(await sql`SELECT * FROM t WHERE id = ${1}`))
  section('reserve')
  const one = await sql.reserve()
  show(result(await one`SELECT nextval('s'), currval('s')`))
  one.release()
  await sql.end()
}
main().catch((e) => { console.log(e); process.exit(1) })
