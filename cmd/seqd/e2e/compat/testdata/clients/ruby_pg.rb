# ruby-pg: exec, exec_params, prepared statements, binary results, type maps, single row mode, notices.
require 'pg'
def section(name) = puts("# #{name}")
def failure(what)
  p [what, 'no error', yield]
rescue PG::Error => e
  r = e.result
  p [what, e.class, r && r.error_field(PG::PG_DIAG_SQLSTATE), r && r.error_field(PG::PG_DIAG_MESSAGE_PRIMARY), r && r.error_field(PG::PG_DIAG_MESSAGE_HINT), r && r.error_field(PG::PG_DIAG_STATEMENT_POSITION)]
end
def rows(r) = p([r.cmd_status, r.cmd_tuples, r.values, r.fields.each_index.map { |i| [r.fname(i), r.ftype(i), r.fmod(i), r.fsize(i), r.fformat(i)] }])
conn = PG.connect(application_name: 'matrix')
conn.set_notice_processor { |m| print m }
section 'connect'
p [conn.server_version, conn.protocol_version, conn.parameter_status('client_encoding'), conn.internal_encoding, conn.transaction_status, conn.conninfo_hash[:dbname]]
section 'sequences'
rows conn.exec('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2')
rows conn.exec_params('SELECT nextval($1), currval($1), lastval()', ['s'])
rows conn.exec_params('SELECT nextval($1), $2::int8', ['s', { value: [7].pack('q>'), type: 20, format: 1 }], 1)
rows conn.exec('SELECT * FROM s')
rows conn.exec_params("SELECT setval('s', $1, $2)", [100, false])
rows conn.exec("SELECT nextval('s'); CREATE SEQUENCE IF NOT EXISTS s; SELECT nextval('s') AS n")
section 'prepared statements'
conn.prepare('next', 'SELECT nextval($1) AS n, $2::int4 AS v')
d = conn.describe_prepared('next')
p [(0...d.nparams).map { |i| d.paramtype(i) }, d.fields]
2.times { rows conn.exec_prepared('next', ['s', 3]) }
section 'errors'
failure('unknown') { conn.exec("SELECT nextval('nosuch')") }
failure('syntax') { conn.exec('SELEKT 1') }
failure('exists') { conn.exec('CREATE SEQUENCE s') }
failure('bounds') { conn.exec_params("SELECT setval('s', $1)", [0]) }
failure('no statement') { conn.exec_prepared('nosuch', []) }
section 'transactions'
begin
  conn.transaction do |c|
    c.exec('CREATE SEQUENCE gone')
    rows c.exec("SELECT nextval('gone')")
    p c.transaction_status
    raise 'back'
  end
rescue RuntimeError => e
  p e.message
end
failure('gone') { conn.exec("SELECT nextval('gone')") }
section 'single row mode and pipeline'
conn.send_query("SELECT g, nextval('s') FROM generate_series(1, 3) g")
conn.set_single_row_mode
while (r = conn.get_result)
  p [r.result_status, r.values]
end
conn.enter_pipeline_mode
2.times { conn.send_query_params("SELECT nextval('s')", []) }
conn.pipeline_sync
6.times { r = conn.get_result; p r && [r.res_status(r.result_status), r.result_status == PG::PGRES_TUPLES_OK ? r.values : nil] }
conn.exit_pipeline_mode
section 'types'
conn.type_map_for_results = PG::BasicTypeMapForResults.new(conn)
conn.type_map_for_queries = PG::BasicTypeMapForQueries.new(conn)
p conn.exec("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, '2020-01-02 03:04:05+00'::timestamptz, '\\x00ff'::bytea, '03:04:05'::time, '{\"a\": 1}'::jsonb").values
p conn.exec_params('SELECT $1::int8, $2::text, $3::bool, $4::int[], $5::float8', [7, "a'b\\", true, [1, nil, 3], 2.5]).values
p [conn.quote_ident('a"b'), conn.escape_literal("a'b\\")]
section 'copy'
failure('copy to') do
  out = []
  conn.copy_data("COPY (SELECT nextval('s') FROM generate_series(1, 3)) TO STDOUT") { while (l = conn.get_copy_data) do out << l end }
  out
end
section 'cancel'
conn.send_query('SELECT pg_sleep(600)')
other = PG.connect
nil until other.exec("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(600)'").ntuples == 1
other.finish
p conn.cancel
failure('cancelled') { conn.get_last_result }
section 'rows'
conn.exec('CREATE TABLE t (id serial PRIMARY KEY, name text)')
p conn.exec("SELECT pg_get_serial_sequence('t', 'id')").values, conn.exec_params('SELECT * FROM t WHERE id = $1', [1]).values
conn.reset
p conn.exec("SELECT nextval('s')").values
conn.finish
