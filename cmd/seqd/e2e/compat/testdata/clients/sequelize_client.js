// Sequelize: sync, describe, indexes, transactions, raw queries.
const { Sequelize, DataTypes, QueryTypes, Op, Transaction } = require('sequelize')
const section = (name) => console.log('#', name)
const show = (...v) => console.log(...v.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))))
const failure = async (what, f) => {
  try { show(what, 'no error', await f()) } catch (e) { show(what, e.name, e.message, e.original && e.original.code, e.original && e.original.hint) }
}
async function main() {
  const db = new Sequelize(process.env.PGDATABASE, process.env.PGUSER, null, { host: process.env.PGHOST, port: process.env.PGPORT, dialect: 'postgres', logging: false, pool: { max: 2 } })
  section('connect')
  await db.authenticate()
  show((await db.databaseVersion()).split(' ')[0], await db.query('SHOW timezone', { type: QueryTypes.SELECT }))
  section('sequences')
  await db.query('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2')
  show(await db.query('SELECT nextval(:s), currval(:s)', { replacements: { s: 's' }, type: QueryTypes.SELECT }))
  show(await db.query('SELECT nextval($1), $2::int8', { bind: ['s', 7], type: QueryTypes.SELECT }))
  show(await db.query("SELECT setval('s', 100, false)"))
  section('errors')
  await failure('unknown', () => db.query("SELECT nextval('nosuch')"))
  await failure('syntax', () => db.query('SELEKT 1'))
  await failure('exists', () => db.query('CREATE SEQUENCE s'))
  section('transactions')
  await failure('rolled back', () => db.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (t) => {
    await db.query('CREATE SEQUENCE gone', { transaction: t })
    await failure('savepoint', () => db.transaction({ transaction: t }, (sp) => db.query("SELECT nextval('nosuch')", { transaction: sp })))
    show(await db.query("SELECT nextval('gone')", { transaction: t, type: QueryTypes.SELECT }))
    throw new Error('back')
  }))
  await failure('gone', () => db.query("SELECT nextval('gone')"))
  section('sync')
  const Author = db.define('author', { name: { type: DataTypes.STRING(30), allowNull: false, unique: true, comment: 'who' } }, { comment: 'who writes' })
  const Book = db.define('book', {
    id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true }, title: DataTypes.TEXT, price: DataTypes.DECIMAL(10, 2),
    sold: { type: DataTypes.BOOLEAN, defaultValue: false }, key: DataTypes.UUID, tags: DataTypes.ARRAY(DataTypes.TEXT),
  }, { indexes: [{ fields: ['title', 'price'] }, { unique: true, fields: ['key'] }] })
  Author.hasMany(Book)
  Book.belongsTo(Author)
  await db.sync()
  await db.sync()
  await failure('alter', () => db.sync({ alter: true }))
  section('introspection')
  const q = db.getQueryInterface()
  show(await q.showAllTables(), await q.showAllSchemas(), await q.tableExists('books'), await q.tableExists('nosuch'))
  for (const t of ['authors', 'books']) {
    show(await q.describeTable(t))
    show((await q.showIndex(t)).map((i) => ({ ...i, definition: i.definition, indkey: i.indkey, fields: i.fields })))
    show(await q.getForeignKeyReferencesForTable(t))
  }
  show((await q.showConstraint('books')).map((c) => c.constraintName.replace(/^\d+_\d+_/, 'OID_OID_')))
  section('models')
  show(await Author.findAll({ include: Book, where: { name: { [Op.like]: 'x%' } }, order: [['id', 'DESC']], limit: 3 }))
  show(await Book.count(), await Book.max('price'), await Book.findByPk(1), await Book.findAndCountAll({ where: { tags: { [Op.contains]: ['a'] } } }))
  section('drop')
  await q.addColumn('books', 'more', { type: DataTypes.INTEGER })
  await q.renameColumn('books', 'more', 'less')
  await q.removeColumn('books', 'less')
  await db.drop()
  show(await q.showAllTables())
  await db.close()
}
main().catch((e) => { console.log(e); process.exit(1) })
