// TypeORM: synchronize, schema builder, query runner, migrations' queries.
require('reflect-metadata')
const { DataSource, EntitySchema } = require('typeorm')
const section = (name) => console.log('#', name)
const show = (...v) => console.log(...v.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))))
const failure = async (what, f) => { try { show(what, 'no error', await f()) } catch (e) { show(what, e.name, e.code, e.message, e.hint) } }
const Author = new EntitySchema({ name: 'Author', columns: { id: { type: Number, primary: true, generated: true }, name: { type: String, length: 30, unique: true, comment: 'who' } } })
const Book = new EntitySchema({
  name: 'Book', columns: { id: { type: 'bigint', primary: true, generated: 'identity' }, title: { type: 'text', nullable: true }, price: { type: 'numeric', precision: 10, scale: 2, default: 1 } },
  relations: { author: { target: 'Author', type: 'many-to-one', joinColumn: true, onDelete: 'CASCADE' } }, indices: [{ columns: ['title'] }], checks: [{ expression: '"price" > 0' }],
})
async function main() {
  const db = new DataSource({ type: 'postgres', host: process.env.PGHOST, port: +process.env.PGPORT, username: process.env.PGUSER, database: process.env.PGDATABASE, installExtensions: false, entities: [Author, Book] })
  await db.initialize()
  section('sequences')
  await db.query('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2')
  show(await db.query('SELECT nextval($1), currval($1)', ['s']))
  section('errors')
  await failure('unknown', () => db.query("SELECT nextval('nosuch')"))
  await failure('exists', () => db.query('CREATE SEQUENCE s'))
  section('transactions')
  await failure('rolled back', () => db.transaction('SERIALIZABLE', async (m) => {
    await m.query('CREATE SEQUENCE gone')
    await failure('savepoint', () => m.transaction((n) => n.query("SELECT nextval('nosuch')")))
    show(await m.query("SELECT nextval('gone')"))
    throw new Error('back')
  }))
  section('synchronize')
  await db.synchronize()
  const log = await db.driver.createSchemaBuilder().log()
  show(log.upQueries.map((q) => q.query)) // nothing is left to do
  section('query runner')
  const q = db.createQueryRunner()
  show(await q.getDatabases().then((d) => d.length > 0), await q.getSchemas(), await q.hasTable('book'), await q.hasColumn('book', 'title'), await q.getCurrentSchema())
  for (const t of await q.getTables(['author', 'book'])) {
    show(t.name, t.columns.sort((a, b) => (a.name < b.name ? -1 : 1)).map((c) => [c.name, c.type, c.isNullable, c.isPrimary, c.isGenerated, c.generationStrategy, c.generatedIdentity, c.default, c.length, c.precision, c.scale, c.comment]),
      t.indices.map((i) => [i.name, i.columnNames, i.isUnique]), t.uniques.map((u) => [u.name, u.columnNames]), t.checks.map((c) => c.expression),
      t.foreignKeys.map((f) => [f.name, f.columnNames, f.referencedTableName, f.onDelete]))
  }
  await q.release()
  section('entities')
  const books = db.getRepository('Book')
  show(await books.find({ relations: { author: true }, take: 3 }), await books.count(), await books.findOneBy({ id: 1 }))
  show(await books.createQueryBuilder('b').leftJoinAndSelect('b.author', 'a').where('a.name LIKE :n', { n: 'x%' }).orderBy('b.id', 'DESC').getMany())
  section('drop')
  await db.dropDatabase()
  show(await db.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
  await db.destroy()
}
main().catch((e) => { console.log(e); process.exit(1) })
