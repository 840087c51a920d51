\echo # dblink
CREATE EXTENSION dblink;
SELECT dblink_connect('r', :'remote');
SELECT dblink_exec('r', 'CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2');
SELECT * FROM dblink('r', 'SELECT nextval(''s''), currval(''s'')') AS t(n bigint, c bigint);
SELECT * FROM dblink('r', 'SELECT g, nextval(''s'') FROM generate_series(1, 5) g') AS t(g int, n bigint);
SELECT * FROM dblink('r', 'SELECT setval(''s'', 100, false)') AS t(n bigint);
SELECT dblink_open('r', 'c', 'SELECT nextval(''s'') FROM generate_series(1, 5)');
SELECT * FROM dblink_fetch('r', 'c', 2) AS t(n bigint);
SELECT * FROM dblink_fetch('r', 'c', 9) AS t(n bigint);
SELECT dblink_close('r', 'c');
SELECT dblink_send_query('r', 'SELECT nextval(''s'')');
SELECT * FROM dblink_get_result('r') AS t(n bigint);
SELECT * FROM dblink_get_result('r') AS t(n bigint);
SELECT dblink_get_connections(), dblink_is_busy('r'), dblink_error_message('r'), dblink_cancel_query('r');
\echo # errors
\set VERBOSITY verbose
SELECT * FROM dblink('r', 'SELECT nextval(''nosuch'')') AS t(n bigint);
SELECT dblink_exec('r', 'CREATE SEQUENCE s');
SELECT dblink_exec('r', 'SELEKT 1', false);
\set VERBOSITY default
\echo # postgres_fdw
CREATE EXTENSION postgres_fdw;
CREATE SERVER remote FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port :'port', dbname :'dbname');
CREATE USER MAPPING FOR postgres SERVER remote OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE s (last_value bigint, log_cnt bigint, is_called boolean) SERVER remote;
SELECT * FROM s;
SELECT last_value + 1 AS next FROM s WHERE is_called AND last_value > 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT last_value FROM s WHERE last_value > 1;
BEGIN;
SELECT last_value FROM s;
SAVEPOINT a;
SELECT last_value FROM s LIMIT 1;
ROLLBACK TO a;
SELECT is_called FROM s;
COMMIT;
ALTER FOREIGN TABLE s OPTIONS (ADD use_remote_estimate 'true');
SELECT count(*), max(last_value) FROM s;
SELECT server_name, valid FROM postgres_fdw_get_connections();
\echo # tables and IMPORT FOREIGN SCHEMA
SELECT dblink_exec('r', 'CREATE TABLE author (id serial PRIMARY KEY, name varchar(30) NOT NULL DEFAULT ''x'')');
SELECT dblink_exec('r', 'CREATE TABLE book (id bigint GENERATED ALWAYS AS IDENTITY, author_id int REFERENCES author, price numeric(10,2))');
SELECT * FROM dblink('r', 'SELECT pg_get_serial_sequence(''author'', ''id'')') AS t(name text);
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA public FROM SERVER remote INTO imported OPTIONS (import_default 'true');
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'imported' ORDER BY 1, ordinal_position;
SELECT * FROM imported.author;
SELECT a.name, count(b.id) FROM imported.author a LEFT JOIN imported.book b ON b.author_id = a.id GROUP BY 1 ORDER BY 1;
ANALYZE imported.author;
SELECT a.id FROM imported.author a JOIN imported.book b ON b.author_id = a.id WHERE a.name LIKE 'x%' ORDER BY b.price DESC NULLS LAST LIMIT 3;
SELECT dblink_disconnect('r');
