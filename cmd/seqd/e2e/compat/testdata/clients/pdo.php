<?php
// PDO: emulated and real prepares, lastInsertId, column metadata, COPY functions; and the pgsql extension.
function section($name) { echo "# $name\n"; }
function show(...$v) { echo implode(' | ', array_map(fn($x) => is_string($x) ? $x : json_encode($x), $v)), "\n"; }
function failure($what, $f) {
  try { show($what, 'no error', $f()); } catch (PDOException $e) { show($what, $e->getCode(), $e->errorInfo); }
}
$dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'));
$db = new PDO($dsn, getenv('PGUSER'), null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
section('connect');
show(explode(' ', $db->getAttribute(PDO::ATTR_SERVER_VERSION))[0], $db->getAttribute(PDO::ATTR_DRIVER_NAME), $db->getAttribute(PDO::ATTR_CONNECTION_STATUS));
section('sequences');
show($db->exec('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2'));
show($db->query("SELECT nextval('s'), currval('s'), lastval()")->fetch(PDO::FETCH_NUM), $db->lastInsertId(), $db->lastInsertId('s'));
show($db->query('SELECT * FROM s')->fetch(PDO::FETCH_ASSOC));
foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true], [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]] as $options) {
  $st = $db->prepare('SELECT nextval(:s) AS n, CAST(:v AS int8) AS v', $options);
  $st->bindValue('s', 's'); $st->bindValue('v', 7, PDO::PARAM_INT);
  foreach ([1, 2] as $i) { $st->execute(); show($st->fetchAll(PDO::FETCH_ASSOC)); }
  show($st->columnCount(), $st->rowCount());
}
$st = $db->prepare("SELECT setval('s', ?, ?)");
$st->execute([100, 'f']); show($st->fetchColumn());
$meta = $db->query("SELECT nextval('s') AS n, 'x'::text AS t");
foreach ([0, 1] as $i) { show($meta->getColumnMeta($i)); }
section('errors');
failure('unknown', fn() => $db->query("SELECT nextval('nosuch')"));
failure('syntax', fn() => $db->query('SELEKT 1'));
failure('exists', fn() => $db->exec('CREATE SEQUENCE s'));
failure('bounds', function () use ($db) { $st = $db->prepare("SELECT setval('s', ?)"); $st->execute([0]); });
section('transactions');
$db->beginTransaction();
$db->exec('CREATE SEQUENCE gone');
show($db->query("SELECT nextval('gone')")->fetchColumn(), $db->inTransaction());
$db->rollBack();
failure('gone', fn() => $db->query("SELECT nextval('gone')"));
section('types');
show($db->query("SELECT 1::smallint, 1, 1::bigint AS b, 1.5 AS n, 1.5::float8, 'x' AS t, true, NULL AS nn, ARRAY[1,2] AS aa, '2020-01-02'::date, '2020-01-02 03:04:05+00'::timestamptz, '1 day 02:00:00'::interval, '{\"a\": 1}'::jsonb")->fetch(PDO::FETCH_ASSOC));
$st = $db->prepare('SELECT ?::bytea AS b, ?::bool AS t'); $st->bindValue(1, "\0\xff", PDO::PARAM_LOB); $st->bindValue(2, true, PDO::PARAM_BOOL); $st->execute();
$r = $st->fetch(PDO::FETCH_ASSOC); show(bin2hex(stream_get_contents($r['b'])), $r['t'], $db->quote("a'b\\"));
section('rows');
$db->exec('CREATE TABLE t (id serial PRIMARY KEY, name text)');
show($db->query("SELECT pg_get_serial_sequence('t', 'id')")->fetchColumn(), $db->query('SELECT * FROM t')->fetchAll());
$db->query("SELECT nextval('t_id_seq')"); show($db->lastInsertId('t_id_seq'));
failure('copy', fn() => $db->pgsqlCopyToArray('t'));
section('pgsql extension');
$c = pg_connect(sprintf('host=%s port=%s dbname=%s user=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER')));
show(pg_dbname($c), explode(' ', pg_version($c)['server'])[0], pg_client_encoding($c), pg_parameter_status($c, 'integer_datetimes'));
$r = pg_query_params($c, 'SELECT nextval($1) AS n, true AS b', ['s']); show(pg_fetch_assoc($r), pg_field_type($r, 0), pg_field_size($r, 0), pg_field_name($r, 0));
pg_prepare($c, 'next', 'SELECT nextval($1)'); show(pg_fetch_row(pg_execute($c, 'next', ['s'])));
show(pg_meta_data($c, 't'));
show(pg_send_query($c, "SELECT nextval('nosuch')"), pg_result_error_field(pg_get_result($c), PGSQL_DIAG_SQLSTATE));
pg_get_result($c);
show(pg_select($c, 't', ['id' => 1]), pg_transaction_status($c), pg_copy_to($c, 't'));
