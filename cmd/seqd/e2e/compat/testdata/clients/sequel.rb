# Sequel (Ruby): schema parsing, sequences, savepoints.
require 'sequel'
def section(name) = puts("# #{name}")
def failure(what)
  p [what, 'no error', yield]
rescue Sequel::Error => e
  p [what, e.class, e.message.lines.first.chomp]
end
db = Sequel.connect(adapter: 'postgres', host: ENV['PGHOST'], port: ENV['PGPORT'], user: ENV['PGUSER'], database: ENV['PGDATABASE'])
section 'sequences'
db.run 'CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2'
p db.get(Sequel.function(:nextval, 's')), db['SELECT currval(?), lastval()', 's'].first, db[:s].first, db.get(Sequel.function(:setval, 's', 100, false))
ps = db['SELECT nextval(?) AS n', :$s].prepare(:first, :next)
p ps.call(s: 's'), ps.call(s: 's')
section 'errors'
failure('unknown') { db.get(Sequel.function(:nextval, 'nosuch')) }
failure('exists') { db.run 'CREATE SEQUENCE s' }
section 'transactions'
db.transaction(isolation: :serializable, rollback: :always) do
  db.run 'CREATE SEQUENCE gone'
  failure('savepoint') { db.transaction(savepoint: true) { db.get(Sequel.function(:nextval, 'nosuch')) } }
  p db.get(Sequel.function(:nextval, 'gone'))
end
failure('gone') { db.get(Sequel.function(:nextval, 'gone')) }
section 'schema'
db.create_table(:authors) { primary_key :id; String :name, size: 30, null: false, unique: true; check { id > 0 } }
db.create_table(:books) { primary_key :id, type: :Bignum; foreign_key :author_id, :authors, on_delete: :cascade; BigDecimal :price, size: [10, 2], default: 1.5; TrueClass :sold, default: false; index :price }
p db.tables, db.views, db.table_exists?(:books), db.table_exists?(:nosuch)
%i[authors books].each do |t|
  p db.schema(t).map { |c, i| [c, i.reject { |k, _| %i[oid base_oid].include?(k) }] }
  p db.primary_key(t), db.primary_key_sequence(t), db.indexes(t), db.foreign_key_list(t), db.check_constraints(t)
end
db.reset_primary_key_sequence(:authors)
p db[:authors].where(name: 'x').all, db[:books].join(:authors, id: :author_id).count, db[:authors].max(:id), db[:authors].for_update.first
p db.get(Sequel.function(:nextval, db.primary_key_sequence(:books)))
p db[:authors].use_cursor(rows_per_fetch: 2).all, db.server_version
db.drop_table :books, :authors
p db.tables
