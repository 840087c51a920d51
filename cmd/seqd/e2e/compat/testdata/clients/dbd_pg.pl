# DBD::Pg: server-side prepares, last_insert_id, table_info and the like, savepoints.
use strict;
use warnings;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types);

sub section { print "# $_[0]\n" }
sub show { no warnings; print join(' | ', map { defined $_ ? (ref $_ ? '[' . join(',', map { defined $_ ? (ref $_ ? '[' . join(',', map { $_ // 'NULL' } @$_) . ']' : $_) : 'NULL' } @$_) . ']' : $_) : 'NULL' } @_), "\n" }
my $dbh = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
sub failure {
  my ($what, $f) = @_;
  my @r = eval { $f->() };
  if ($@) { show($what, $dbh->state, $dbh->err, $dbh->errstr, $dbh->pg_error_field('message_primary'), $dbh->pg_error_field('message_hint'), $dbh->pg_error_field('statement_position')) } else { show($what, 'no error', @r) }
}
section('connect');
show($dbh->{pg_server_version}, $dbh->{pg_db}, $dbh->{pg_user}, $dbh->ping, $dbh->pg_ping, $dbh->get_info(17), $dbh->{pg_standard_conforming_strings});
section('sequences');
show($dbh->do('CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2'));
show($dbh->selectrow_array("SELECT nextval(?), currval('s'), lastval()", undef, 's'));
show($dbh->selectrow_array('SELECT * FROM s'));
show($dbh->selectrow_array("SELECT setval('s', ?, ?)", undef, 100, 0));
show($dbh->last_insert_id(undef, undef, undef, undef, { sequence => 's' })) if eval { $dbh->selectrow_array("SELECT nextval('s')"); 1 };
section('prepared statements');
my $sth = $dbh->prepare('SELECT nextval($1) AS n, $2::int8 AS v', { pg_server_prepare => 1, pg_switch_prepared => 1 });
$sth->bind_param(1, 's'); $sth->bind_param(2, 7, SQL_BIGINT);
for (1 .. 3) { $sth->execute; show($sth->fetchrow_array) }
show($sth->{NAME}, $sth->{TYPE}, $sth->{pg_type}, $sth->{PRECISION}, $sth->{NULLABLE}, $sth->rows);
show(map { $_->[0] } @{ $dbh->selectall_arrayref('SELECT statement FROM pg_prepared_statements ORDER BY 1') });
undef $sth;
$sth = $dbh->prepare("SELECT nextval('s') WHERE 1 = ?", { pg_server_prepare => 0 });
$sth->execute(1); show($sth->fetchrow_array);
undef $sth;
section('errors');
failure('unknown', sub { $dbh->do("SELECT nextval('nosuch')") });
failure('syntax', sub { $dbh->do('SELEKT 1') });
failure('exists', sub { $dbh->do('CREATE SEQUENCE s') });
failure('bounds', sub { $dbh->selectrow_array("SELECT setval('s', ?)", undef, 0) });
section('transactions');
$dbh->begin_work;
$dbh->do('CREATE SEQUENCE gone');
$dbh->pg_savepoint('a');
failure('unknown', sub { $dbh->do("SELECT nextval('nosuch')") });
show($dbh->ping, $dbh->{pg_socket} > 0 ? 1 : 0);
failure('aborted', sub { $dbh->do('SELECT 1') });
$dbh->pg_rollback_to('a');
show($dbh->selectrow_array("SELECT nextval('gone')"));
$dbh->pg_release('a');
$dbh->rollback;
failure('gone', sub { $dbh->do("SELECT nextval('gone')") });
section('types');
show($dbh->selectrow_array("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, '2020-01-02 03:04:05+00'::timestamptz, '1 day 02:00:00'::interval, '03:04:05'::time, '{\"a\": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid"));
$sth = $dbh->prepare('SELECT ?::bytea, ?::int[]');
$sth->bind_param(1, "\0\xff", { pg_type => PG_BYTEA }); $sth->bind_param(2, [1, 2]);
$sth->execute; my @r = $sth->fetchrow_array; show(unpack('H*', $r[0]), $r[1]);
undef $sth;
show($dbh->quote("a'b\\"), $dbh->quote_identifier('a"b'), $dbh->quote("\0\xff", { pg_type => PG_BYTEA }));
section('rows');
$dbh->do("CREATE TABLE author (id serial PRIMARY KEY, name varchar(30) NOT NULL UNIQUE)");
$dbh->do("CREATE TABLE book (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE, price numeric(10,2) DEFAULT 1.5, at timestamptz)");
$dbh->do("COMMENT ON COLUMN author.name IS 'who'");
show($dbh->selectrow_array("SELECT nextval(pg_get_serial_sequence('author', 'id'))"));
show($dbh->last_insert_id(undef, undef, 'author', undef), $dbh->last_insert_id(undef, 'public', 'author', 'id'));
failure('not used', sub { $dbh->last_insert_id(undef, 'public', 'book', undef) });
show(@{ $dbh->selectall_arrayref('SELECT * FROM author WHERE id = ?', undef, 1) });
section('metadata');
sub rows { my ($sth) = @_; return show('none') unless $sth; for my $r (@{ $sth->fetchall_arrayref }) { show(@$r) } }
rows($dbh->table_info('', 'public', '%', 'TABLE'));
rows($dbh->table_info('%', '', '')); rows($dbh->table_info('', '', '', '%'));
rows($dbh->column_info('', 'public', $_, '%')) for qw(author book);
rows($dbh->primary_key_info('', 'public', 'author')); show($dbh->primary_key('', 'public', 'book'));
rows($dbh->foreign_key_info('', 'public', 'author', '', 'public', 'book'));
rows($dbh->statistics_info('', 'public', 'author', 0, 0));
show(sort grep { /public/ } $dbh->tables('', 'public', '', ''));
show(scalar @{ $dbh->type_info_all });
section('asynchronous and cancel');
$dbh->do('SELECT pg_sleep(0.01)', { pg_async => PG_ASYNC }); show($dbh->pg_result);
$dbh->do('SELECT pg_sleep(600)', { pg_async => PG_ASYNC });
my $other = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1 });
1 until $other->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(600)'");
show($dbh->pg_cancel);
section('copy');
failure('copy to', sub { $dbh->do("COPY (SELECT g FROM generate_series(1, 3) g) TO STDOUT"); my ($l, @all); push @all, $l while $dbh->pg_getcopydata($l) >= 0; chomp @all; @all });
$dbh->disconnect;
