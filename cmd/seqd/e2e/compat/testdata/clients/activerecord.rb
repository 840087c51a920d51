# ActiveRecord: schema statements, schema dump, sequences, models, savepoints.
require 'active_record'
require 'stringio'
def section(name) = puts("# #{name}")
def failure(what)
  p [what, 'no error', yield]
rescue ActiveRecord::ActiveRecordError => e
  p [what, e.class, e.cause.class, e.message.lines.first.chomp]
end
ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'], username: ENV['PGUSER'], host: ENV['PGHOST'], port: ENV['PGPORT'], prepared_statements: true)
ActiveRecord::Migration.verbose = false
conn = ActiveRecord::Base.connection
section 'connect'
p [conn.adapter_name, conn.database_version, conn.active?, conn.current_database, conn.current_schema, conn.encoding, conn.collation, conn.ctype, conn.schema_names, conn.schema_search_path, conn.client_min_messages]
p [conn.supports_insert_returning?, conn.supports_extensions?, conn.extensions, conn.supports_advisory_locks?, conn.get_advisory_lock(42), conn.release_advisory_lock(42), conn.table_alias_length]
section 'sequences'
conn.execute('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2')
p conn.select_value("SELECT nextval('s')"), conn.select_all("SELECT currval('s'), lastval()").to_a
p conn.select_one('SELECT * FROM s')
p conn.exec_query('SELECT nextval($1), $2::int8', 'SQL', [ActiveRecord::Relation::QueryAttribute.new('a', 's', ActiveRecord::Type::String.new), ActiveRecord::Relation::QueryAttribute.new('b', 7, ActiveRecord::Type::Integer.new)]).to_a
p conn.select_value("SELECT setval('s', 100, false)")
section 'errors'
failure('unknown') { conn.execute("SELECT nextval('nosuch')") }
failure('exists') { conn.execute('CREATE SEQUENCE s') }
failure('syntax') { conn.execute('SELEKT 1') }
section 'transactions'
ActiveRecord::Base.transaction(isolation: :serializable) do
  conn.execute('CREATE SEQUENCE gone')
  failure('savepoint') { ActiveRecord::Base.transaction(requires_new: true) { conn.execute("SELECT nextval('nosuch')") } }
  p conn.select_value("SELECT nextval('gone')")
  raise ActiveRecord::Rollback
end
failure('gone') { conn.execute("SELECT nextval('gone')") }
section 'schema statements'
conn.create_table(:authors, comment: 'who writes') { |t| t.string :name, limit: 30, null: false, index: { unique: true }; t.timestamps }
conn.create_table(:books) do |t|
  t.references :author, foreign_key: { on_delete: :cascade }
  t.text :title, comment: 'its name'
  t.decimal :price, precision: 10, scale: 2, default: 1.5
  t.boolean :sold, default: false, null: false
  t.uuid :key
  t.integer :tags, array: true, default: []
end
conn.create_table(:plain, id: :serial) { |t| t.date :on; t.bigint :n, default: 7 }
conn.add_column :plain, :word, :string, default: 'x'
conn.change_column :plain, :on, :datetime
conn.change_column_null :plain, :n, false
conn.change_column_default :plain, :n, from: 7, to: 8
conn.rename_column :plain, :word, :words
conn.add_index :plain, %i[n words], unique: true, name: 'plain_n'
conn.add_check_constraint :plain, 'n > 0', name: 'positive'
conn.change_table_comment :plain, 'plain'
p conn.tables, conn.views, conn.data_sources, conn.table_exists?(:books), conn.table_exists?(:nosuch), conn.index_exists?(:plain, %i[n words]), conn.column_exists?(:plain, :words, :string)
conn.tables.sort.each do |t|
  p t, conn.columns(t).map { |c| [c.name, c.sql_type, c.type, c.default, c.default_function, c.null, c.comment, c.serial?, c.array] }
  p conn.primary_key(t), conn.pk_and_sequence_for(t).map(&:to_s), conn.serial_sequence(t, 'id'), conn.default_sequence_name(t, 'id')
  p conn.indexes(t).map { |i| [i.name, i.unique, i.columns, i.using, i.orders, i.where, i.comment] }, conn.foreign_keys(t).map { |f| [f.name, f.to_table, f.column, f.on_delete] }
  p conn.check_constraints(t).map { |c| [c.name, c.expression] }, conn.table_comment(t)
end
section 'schema dump'
out = StringIO.new
ActiveRecord::SchemaDumper.dump(conn, out)
puts out.string.lines.map { |l| "| #{l}" }
section 'sequence facility'
p conn.set_pk_sequence!('authors', 41), conn.select_value("SELECT nextval('authors_id_seq')"), conn.select_value("SELECT currval('authors_id_seq')")
conn.reset_pk_sequence!('authors')
p conn.select_value("SELECT nextval('authors_id_seq')"), conn.prefetch_primary_key?('authors')
conn.truncate('books')
section 'models'
class Author < ActiveRecord::Base; has_many :books; end
class Book < ActiveRecord::Base; belongs_to :author; end
p Author.count, Author.find_by(name: 'x'), Author.where(name: %w[a b]).order(id: :desc).limit(3).to_a, Author.sequence_name
p Book.joins(:author).where(authors: { name: 'x' }).pluck(:id, :title), Book.includes(:author).to_a, Book.maximum(:price), Book.group(:author_id).count, Book.exists?, Author.find_each.to_a
failure('find') { Author.find(1) }
p Author.lock.where(id: 1).to_a, Author.where(id: 1).explain.lines.first
section 'drop'
conn.remove_foreign_key :books, :authors
conn.remove_index :plain, name: 'plain_n'
conn.remove_column :plain, :words
conn.rename_table :plain, :simple
p conn.pk_and_sequence_for('simple').map(&:to_s)
%w[books authors simple].each { |t| conn.drop_table(t) }
p conn.tables
