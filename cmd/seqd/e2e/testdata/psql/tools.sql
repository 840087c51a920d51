-- What tools and libraries ask that the client matrix has no program for: the constructs and
-- relations of their queries, shortened, with names for OIDs. Comments name who asks.
-- Prisma's schema engine: tables, columns, keys, sequences, checks, version
SELECT tbl.relname AS table_name, namespace.nspname AS namespace,
  (tbl.relhassubclass AND tbl.relkind = 'p') AS is_partition,
  (tbl.relhassubclass AND tbl.relkind = 'r') AS has_subclass,
  tbl.relrowsecurity AS has_row_level_security, reloptions,
  obj_description(tbl.oid, 'pg_class') AS description
FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace
WHERE tbl.relkind IN ('r', 'p') AND tbl.relispartition = 'f' AND namespace.nspname = ANY (ARRAY['public', 'sales'])
ORDER BY namespace, table_name;
SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) AS formatted_type,
  info.numeric_precision, info.numeric_scale, info.numeric_precision_radix, info.datetime_precision, info.data_type,
  info.udt_schema AS type_schema_name, info.udt_name AS full_data_type,
  pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, info.is_identity,
  info.character_maximum_length, col_description(att.attrelid, ordinal_position) AS description
FROM information_schema.columns info
JOIN pg_attribute att ON att.attname = info.column_name
JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname AS namespace FROM pg_class
      JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = ANY (ARRAY['public', 'sales'])
      WHERE reltype > 0) AS oid
  ON oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
LEFT OUTER JOIN pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum AND table_schema = namespace
WHERE table_schema = ANY (ARRAY['public', 'sales']) ORDER BY namespace, table_name, ordinal_position;
SELECT namespace.nspname AS namespace, indexinfo.relname AS index_name, tableinfo.relname AS table_name,
  columninfo.attname AS column_name, rawindex.indisunique AS is_unique, rawindex.indisprimary AS is_primary_key,
  rawindex.ordinality AS column_index,
  CASE opclass.opcdefault WHEN true THEN NULL ELSE opclass.opcname END AS opclass, opclass.opcdefault AS opcdefault,
  indexaccess.amname AS index_algo,
  CASE rawindex.sort_order & 1 WHEN 1 THEN 'DESC' ELSE 'ASC' END AS column_order,
  CASE rawindex.sort_order & 2 WHEN 2 THEN true ELSE false END AS nulls_first,
  pc.condeferrable AS condeferrable, pc.condeferred AS condeferred
FROM (SELECT indrelid, indexrelid, indisunique, indisprimary, pg_index.indkey::int2[] AS indkeyidx,
        indkeyid, indclass, indoption, indkey.ordinality, indexprs, indpred,
        indclass[indkey.ordinality - 1] AS opcoid, indoption[indkey.ordinality - 1] AS sort_order
      FROM pg_index CROSS JOIN LATERAL UNNEST(indkey) WITH ORDINALITY AS indkey (indkeyid, ordinality)
      WHERE indpred IS NULL AND NOT indisexclusion) rawindex
INNER JOIN pg_class AS tableinfo ON tableinfo.oid = rawindex.indrelid
INNER JOIN pg_class AS indexinfo ON indexinfo.oid = rawindex.indexrelid
INNER JOIN pg_namespace AS namespace ON namespace.oid = tableinfo.relnamespace AND namespace.nspname = ANY (ARRAY['public', 'sales'])
INNER JOIN pg_am AS indexaccess ON indexaccess.oid = indexinfo.relam
LEFT JOIN pg_opclass AS opclass ON opclass.oid = rawindex.opcoid
LEFT JOIN pg_attribute AS columninfo ON columninfo.attrelid = tableinfo.oid AND columninfo.attnum = rawindex.indkeyid
LEFT JOIN pg_constraint pc ON rawindex.indexrelid = pc.conindid AND pc.contype <> 'f'
ORDER BY namespace.nspname, table_name, index_name, rawindex.ordinality;
SELECT con.oid > 0 AS con_id, att2.attname AS child_column, cl.relname AS parent_table, att.attname AS parent_column,
  con.confdeltype, con.confupdtype, rel_ns.nspname AS referenced_schema_name, conname AS constraint_name, child, parent,
  table_name, namespace, condeferrable, condeferred
FROM (SELECT ns.nspname AS namespace, unnest(con1.conkey) AS parent, unnest(con1.confkey) AS child, cl.relname AS table_name,
        con1.oid, con1.confrelid, con1.conrelid, con1.conname, con1.confdeltype, con1.confupdtype,
        con1.condeferrable AS condeferrable, con1.condeferred AS condeferred
      FROM pg_class cl JOIN pg_constraint con1 ON con1.conrelid = cl.oid JOIN pg_namespace ns ON cl.relnamespace = ns.oid
      WHERE ns.nspname = ANY (ARRAY['public', 'sales']) AND con1.contype = 'f') con
JOIN pg_attribute att ON att.attrelid = con.confrelid AND att.attnum = con.child
JOIN pg_class cl ON cl.oid = con.confrelid
JOIN pg_attribute att2 ON att2.attrelid = con.conrelid AND att2.attnum = con.parent
JOIN pg_class rel_cl ON con.confrelid = rel_cl.oid JOIN pg_namespace rel_ns ON rel_cl.relnamespace = rel_ns.oid
ORDER BY namespace, table_name, constraint_name, con_id, con.child;
SELECT sequence_name, sequence_schema AS namespace, sequences.start_value::INT8, minimum_value::INT8 AS min_value,
  maximum_value::INT8 AS max_value, increment::INT8, (CASE cycle_option WHEN 'YES' THEN TRUE ELSE FALSE END) AS cycle,
  cache_size::INT8
FROM information_schema.sequences
JOIN pg_sequences ON information_schema.sequences.sequence_schema = pg_sequences.schemaname
  AND information_schema.sequences.sequence_name = pg_sequences.sequencename
WHERE sequence_schema = ANY (ARRAY['public', 'sales']) ORDER BY sequence_name, sequence_schema;
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'public'), current_setting('server_version_num')::integer >= 150000,
  (SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'citext');
-- pgAdmin: server and roles, databases, schemas, sequences, tables, grants
SELECT CASE WHEN usesuper THEN pg_catalog.pg_is_in_recovery() ELSE FALSE END AS inrecovery,
  CASE WHEN usesuper AND pg_catalog.pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE FALSE END AS isreplaypaused
FROM pg_catalog.pg_user WHERE usename = current_user;
SELECT roles.rolname AS name, roles.rolsuper AS is_superuser,
  CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END AS can_create_role,
  CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreatedb END AS can_create_db,
  CASE WHEN 'pg_signal_backend' = ANY (ARRAY(WITH RECURSIVE cte AS (
      SELECT pg_roles.oid, pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = roles.oid
      UNION ALL
      SELECT m.roleid, pgr.rolname FROM cte cte_1 JOIN pg_auth_members m ON m.member = cte_1.oid JOIN pg_roles pgr ON pgr.oid = m.roleid)
    SELECT rolname FROM cte)) THEN true ELSE false END AS can_signal_backend
FROM pg_catalog.pg_roles AS roles WHERE rolname = current_user;
SELECT db.datname AS name, db.dattablespace AS spcoid, spcname, datallowconn, datconnlimit,
  pg_catalog.pg_encoding_to_char(encoding) AS encoding, pg_catalog.pg_get_userbyid(datdba) AS datowner, datcollate, datctype,
  pg_catalog.has_database_privilege(db.oid, 'CREATE') AS cancreate,
  pg_catalog.current_setting('default_tablespace') AS default_tablespace, descr.description AS comments, db.datistemplate AS is_template,
  (SELECT pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.array_to_string(defaclacl::text[], ', ') FROM pg_catalog.pg_default_acl
    WHERE defaclobjtype = 'S' AND defaclnamespace = 0::OID), ', ')) AS seqacl,
  pg_catalog.array_to_string(datacl::text[], ', ') AS acl
FROM pg_catalog.pg_database db
LEFT OUTER JOIN pg_catalog.pg_tablespace ta ON db.dattablespace = ta.oid
LEFT OUTER JOIN pg_catalog.pg_shdescription descr ON (db.oid = descr.objoid AND descr.classoid = 'pg_database'::regclass)
WHERE db.oid > 0::OID OR db.datname IN ('postgres', 'edb') ORDER BY datname;
SELECT split_part(rolconfig, '=', 1) AS name, replace(rolconfig, split_part(rolconfig, '=', 1) || '=', '') AS value, NULL AS role, datname AS database
FROM (SELECT unnest(rolconfig) AS rolconfig, d.datname
      FROM (SELECT d.datname, pg_catalog.array_agg(x ORDER BY x) AS rolconfig FROM pg_catalog.pg_db_role_setting s
            CROSS JOIN LATERAL unnest(s.setconfig) AS x LEFT JOIN pg_catalog.pg_database d ON s.setdatabase = d.oid GROUP BY d.datname) d) c
ORDER BY 1, 2, 4;
SELECT nsp.nspname AS name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') AS can_create,
  pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') AS has_usage, des.description
FROM pg_catalog.pg_namespace nsp
LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid = nsp.oid AND des.classoid = 'pg_namespace'::regclass)
WHERE nspname NOT LIKE E'pg\\_%' AND NOT (
  (nsp.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_class' AND relnamespace = nsp.oid LIMIT 1)) OR
  (nsp.nspname = 'pgagent' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pga_job' AND relnamespace = nsp.oid LIMIT 1)) OR
  (nsp.nspname = 'information_schema' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'tables' AND relnamespace = nsp.oid LIMIT 1)))
ORDER BY nspname;
SELECT cl.relname AS name, nsp.nspname AS schema, pg_catalog.pg_get_userbyid(cl.relowner) AS seqowner, description AS comment,
  pg_catalog.array_to_string(cl.relacl::text[], ', ') AS acl,
  (SELECT pg_catalog.array_agg(provider || '=' || label) FROM pg_catalog.pg_seclabels sl1 WHERE sl1.objoid = cl.oid) AS securities,
  depcl.relname AS owned_table, att.attname AS owned_column, (CASE WHEN cl.relpersistence = 'u' THEN true ELSE false END) AS relpersistence
FROM pg_catalog.pg_class cl
LEFT OUTER JOIN pg_catalog.pg_namespace nsp ON cl.relnamespace = nsp.oid
LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid = cl.oid AND des.classoid = 'pg_class'::regclass)
LEFT OUTER JOIN pg_catalog.pg_depend dep ON (dep.objid = cl.oid AND deptype = 'a')
LEFT JOIN pg_catalog.pg_attribute att ON dep.refobjid = att.attrelid AND dep.refobjsubid = att.attnum
LEFT JOIN pg_catalog.pg_class depcl ON depcl.oid = att.attrelid
WHERE cl.relkind = 'S' AND cl.relnamespace = 'sales'::regnamespace::oid ORDER BY cl.relname;
SELECT last_value, seqmin AS minimum, seqmax AS maximum, seqstart AS start, seqcache AS cache, seqcycle AS cycled, seqincrement AS increment, is_called
FROM pg_catalog.pg_sequence, public.ids WHERE seqrelid = 'public.ids'::regclass::oid;
SELECT 'relacl' AS deftype, COALESCE(gt.rolname, 'PUBLIC') grantee, g.rolname grantor, pg_catalog.array_agg(privilege_type) AS privileges,
  pg_catalog.array_agg(is_grantable) AS grantable
FROM (SELECT d.grantee, d.grantor, d.is_grantable,
        CASE d.privilege_type WHEN 'SELECT' THEN 'r' WHEN 'UPDATE' THEN 'w' WHEN 'USAGE' THEN 'U' ELSE 'UNKNOWN' END AS privilege_type
      FROM pg_catalog.aclexplode((SELECT relacl FROM pg_catalog.pg_class cl WHERE relkind = 'S' AND cl.oid = '"Weird Name"'::regclass)) d) d
LEFT JOIN pg_catalog.pg_roles g ON (d.grantor = g.oid) LEFT JOIN pg_catalog.pg_roles gt ON (d.grantee = gt.oid)
GROUP BY g.rolname, gt.rolname ORDER BY grantee;
SELECT relname AS "Name", blks_read > -1 AS "Blocks read" FROM pg_catalog.pg_statio_all_sequences WHERE schemaname = 'sales' ORDER BY relname;
SELECT rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = rel.oid AND tgisinternal = FALSE) AS triggercount,
  (CASE WHEN (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid = rel.oid LIMIT 1) > 0 THEN true ELSE false END) AS is_inherits,
  des.description, (SELECT st.setting FROM pg_catalog.pg_show_all_settings() st WHERE st.name = 'autovacuum_vacuum_threshold') AS autovacuum
FROM pg_catalog.pg_class rel
LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid = rel.oid AND des.objsubid = 0 AND des.classoid = 'pg_class'::regclass)
WHERE rel.relkind IN ('r', 's', 't', 'p') AND rel.relnamespace = 'public'::regnamespace AND NOT rel.relispartition ORDER BY rel.relname;
SELECT DISTINCT att.attname AS name, att.attnum, att.attidentity, format_type(ty.oid, NULL) AS typname, format_type(ty.oid, att.atttypmod) AS displaytypname,
  CASE WHEN seq.seqrelid IS NOT NULL THEN seqincrement END AS seqincrement, seqmin, seqmax, seqstart, seqcache, seqcycle,
  CASE WHEN length(coll.collname::text) > 0 AND length(nspc.nspname::text) > 0 THEN pg_catalog.concat(pg_catalog.quote_ident(nspc.nspname), '.', pg_catalog.quote_ident(coll.collname)) ELSE '' END AS collspcname,
  EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = att.attrelid AND contype = 'f' AND att.attnum = ANY (conkey)) AS is_fk
FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type ty ON ty.oid = atttypid
LEFT OUTER JOIN pg_catalog.pg_depend dep ON dep.refobjid = att.attrelid AND dep.refobjsubid = att.attnum AND dep.deptype = 'i' AND dep.classid = 'pg_class'::regclass
LEFT OUTER JOIN pg_catalog.pg_sequence seq ON dep.objid = seq.seqrelid
LEFT OUTER JOIN pg_catalog.pg_collation coll ON att.attcollation = coll.oid LEFT OUTER JOIN pg_catalog.pg_namespace nspc ON coll.collnamespace = nspc.oid
WHERE att.attrelid = 'sales.orders'::regclass AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY att.attnum;
SELECT r.rolname, r.rolcanlogin, r.rolconnlimit, r.rolvaliduntil, ARRAY(SELECT CASE WHEN am.admin_option THEN '1' ELSE '0' END || rm.rolname
    FROM (SELECT * FROM pg_catalog.pg_auth_members WHERE member = r.oid) am LEFT JOIN pg_catalog.pg_roles rm ON (rm.oid = am.roleid) ORDER BY rm.rolname) AS rolmembership,
  (SELECT pg_catalog.array_agg(provider || '=' || label) FROM pg_catalog.pg_shseclabel sl1 WHERE sl1.objoid = r.oid) AS seclabels,
  pg_catalog.shobj_description(r.oid, 'pg_authid') AS description
FROM pg_catalog.pg_roles r WHERE r.oid > 0::OID ORDER BY r.rolcanlogin, r.rolname;
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT
  (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = 'nowhere') AS "Total",
  (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND datname = 'nowhere') AS "Active") t
UNION ALL
SELECT 'tps_stats', pg_catalog.row_to_json(t) FROM (SELECT (SELECT sum(xact_commit) > 0 FROM pg_catalog.pg_stat_database WHERE datname = 'nowhere') AS "Transactions") t;
SELECT DISTINCT dep.deptype, dep.classid::regclass, cl.relkind, ad.adbin IS NOT NULL AS has_default, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) AS adsrc,
  CASE WHEN cl.relkind IS NOT NULL THEN CASE WHEN cl.relkind = 'r' THEN cl.relkind::text || COALESCE(dep.refobjsubid::character varying, '') ELSE cl.relkind::text END
    WHEN co.oid IS NOT NULL THEN 'C'::text || contype::text WHEN ad.oid IS NOT NULL THEN 'A' ELSE '' END AS type,
  COALESCE(clrw.relname, tgr.tgname) AS ownertable,
  CASE WHEN cl.relname IS NOT NULL AND att.attname IS NOT NULL THEN cl.relname || COALESCE('.' || att.attname, '') ELSE COALESCE(cl.relname, co.conname) END AS refname
FROM pg_catalog.pg_depend dep
LEFT JOIN pg_catalog.pg_class cl ON dep.objid = cl.oid LEFT JOIN pg_catalog.pg_attribute att ON dep.objid = att.attrelid AND dep.objsubid = att.attnum
LEFT JOIN pg_catalog.pg_constraint co ON dep.objid = co.oid LEFT JOIN pg_catalog.pg_rewrite rw ON dep.objid = rw.oid
LEFT JOIN pg_catalog.pg_class clrw ON clrw.oid = rw.ev_class LEFT JOIN pg_catalog.pg_trigger tgr ON tgr.oid = dep.objid
LEFT JOIN pg_catalog.pg_attrdef ad ON ad.oid = dep.objid
WHERE dep.refobjid = 't'::regclass AND cl.relkind IS DISTINCT FROM 't' ORDER BY classid, cl.relkind;
-- DBeaver: databases, namespaces, classes, types, sequences, constraints
SELECT db.datname, db.datdba::regrole, pg_catalog.pg_encoding_to_char(db.encoding), db.datistemplate, db.datconnlimit FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = current_database() ORDER BY db.datname;
SELECT * FROM pg_catalog.pg_enum WHERE 1<>1 LIMIT 1;
SELECT reltype FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1;
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{a,abs,absolute,action,select,table}'::text[]) AND catcode = 'R';
SELECT current_schema(), session_user;
SELECT n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass WHERE nspname !~ '^pg_t' ORDER BY nspname;
SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description
FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') AND t.typname IN ('int8', 'text', '_int4', 'regclass', 'int4range', 'timestamptz');
SELECT c.relname, c.relkind, c.relpersistence, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass
WHERE c.relnamespace='sales'::regnamespace AND c.relkind NOT IN ('i','I','c') ORDER BY 1;
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value,dsc.description,dep.objid IS NOT NULL
FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relkind NOT IN ('i','I','c') AND c.oid='t'::regclass ORDER BY a.attnum;
SELECT c.conname,c.contype,t.relname AS tabrelname,rt.relnamespace::regnamespace AS refnamespace,d.description,
  CASE WHEN c.contype='c' THEN "substring"(pg_get_constraintdef(c.oid), 7) ELSE NULL END consrc_copy
FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass
WHERE c.conrelid IN ('t'::regclass, 'custom'::regclass, 'sales.orders'::regclass) ORDER BY 1;
SELECT * FROM pg_catalog.pg_sequences WHERE schemaname='sales' AND sequencename='s';
SELECT a.rolname, a.*, c.description FROM pg_catalog.pg_roles a LEFT JOIN pg_catalog.pg_shdescription c ON a.oid = c.objoid WHERE a.rolname !~ '^pg_' ORDER BY a.rolname;
SELECT amname, amtype, amhandler FROM pg_catalog.pg_am ORDER BY 1;
SELECT inhparent, inhrelid, pc.relnamespace, pc.relname FROM pg_catalog.pg_inherits i, pg_catalog.pg_class pc WHERE i.inhseqno=1 AND i.inhrelid='t'::regclass AND pc.oid=i.inhparent;
SELECT x.indexrelid::regclass,x.indrelid::regclass,x.indisunique,x.indkey,x.indoption,c.relnamespace::regnamespace,c.relname,tabc.relname AS tabrelname,dsc.description,pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS pred_expr,pg_catalog.pg_get_expr(x.indexprs, x.indrelid, true) AS expr,pg_get_indexdef(x.indexrelid, 1, false)
FROM pg_catalog.pg_index x INNER JOIN pg_catalog.pg_class c ON c.oid=x.indexrelid INNER JOIN pg_catalog.pg_class tabc ON tabc.oid=x.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON x.indexrelid=dsc.objoid
WHERE x.indrelid='t'::regclass ORDER BY c.relname;
-- DataGrip and IntelliJ: introspection by transaction age
SELECT round(extract(epoch FROM pg_postmaster_start_time() AT TIME ZONE 'UTC')) > 0 AS startup_time;
SELECT L.transactionid::varchar::bigint AS transaction_id FROM pg_catalog.pg_locks L WHERE L.transactionid IS NOT NULL ORDER BY pg_catalog.age(L.transactionid) DESC LIMIT 1;
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE (pg_catalog.txid_current() % 4294967296)::varchar::bigint END > 0 AS current_txid;
SELECT N.oid::bigint > 0 AS id, datname AS name, D.description, datistemplate AS is_template, datallowconn AS allow_connections, pg_catalog.pg_get_userbyid(N.datdba) AS "owner"
FROM pg_catalog.pg_database N LEFT JOIN pg_catalog.pg_shdescription D ON N.oid = D.objoid
ORDER BY CASE WHEN datname = pg_catalog.current_database() THEN -1::bigint ELSE N.oid::bigint END;
SELECT N.xmin::varchar::bigint > 0 AS state_number, nspname AS name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) AS "owner"
FROM pg_catalog.pg_namespace N LEFT JOIN pg_catalog.pg_description D ON N.oid = D.objoid
WHERE nspname !~ '^pg_t' ORDER BY CASE WHEN nspname = pg_catalog.current_schema() THEN -1::bigint ELSE N.oid::bigint END;
WITH T AS (SELECT relnamespace AS oid, relname AS name, relkind AS kind, oid AS id FROM pg_catalog.pg_class WHERE relnamespace = 'sales'::regnamespace AND relkind IN ('r', 'm', 'v', 'p', 'f', 'S'))
SELECT T.name, T.kind, E.extname IS NULL AS own FROM T LEFT JOIN pg_catalog.pg_depend D ON D.objid = T.id AND D.deptype = 'e' LEFT JOIN pg_catalog.pg_extension E ON E.oid = D.refobjid ORDER BY 1;
SELECT cls.xmin::varchar::bigint > 0 AS sequence_state_number, sq.seqstart AS start_value, sq.seqincrement AS inc_value, sq.seqmin AS min_value, sq.seqmax AS max_value,
  sq.seqcache AS cache_size, sq.seqcycle AS cycle_option, cls.relname AS sequence_name, pg_catalog.format_type(sq.seqtypid, NULL) AS data_type, pg_catalog.pg_get_userbyid(cls.relowner) AS "owner"
FROM pg_catalog.pg_sequence sq JOIN pg_class cls ON sq.seqrelid = cls.oid WHERE cls.relnamespace = 'public'::regnamespace::oid AND pg_catalog.age(cls.xmin) <= coalesce(nullif(greatest(pg_catalog.age('3'::varchar::xid), -1), -1), 2147483647) ORDER BY 8;
SELECT T.oid::regclass AS object_id, T.relacl AS acl FROM pg_catalog.pg_class T WHERE relnamespace = 'sales'::regnamespace AND relacl IS NOT NULL
UNION ALL SELECT T.oid, T.proacl FROM pg_catalog.pg_proc T WHERE pronamespace = 'sales'::regnamespace
UNION ALL SELECT T.oid, T.typacl FROM pg_catalog.pg_type T WHERE typnamespace = 'sales'::regnamespace AND typacl IS NOT NULL ORDER BY object_id;
SELECT ind_head.indexrelid::regclass index_id, k AS col_idx, k <= indnkeyatts in_key, ind_head.indkey[k-1] column_position,
  CASE WHEN k <= indnkeyatts THEN ind_head.indoption[k-1] END column_options, CASE WHEN k <= indnkeyatts AND ind_head.indkey[k-1] > 0 THEN ind_head.indcollation[k-1] END AS collation,
  CASE WHEN ind_head.indkey[k-1] > 0 THEN collname END, CASE WHEN ind_head.indexprs IS NULL THEN NULL WHEN ind_head.indkey[k-1] = 0 THEN chr(27) || pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true)
    ELSE pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) END AS expression, amcanorder can_order
FROM pg_catalog.pg_index ind_head JOIN pg_catalog.pg_class ind_stor ON ind_stor.oid = ind_head.indexrelid
CROSS JOIN unnest(ind_head.indkey) WITH ORDINALITY u(u, k)
LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = ind_head.indcollation[k-1]
CROSS JOIN pg_catalog.pg_indexam_has_property(ind_stor.relam, 'can_order') amcanorder
WHERE ind_stor.relnamespace = 'public'::regnamespace AND ind_stor.relkind IN ('i', 'I') ORDER BY index_id, k;
SELECT R.rolname AS role_name, rolsuper is_super, rolinherit is_inherit, rolcanlogin can_login, rolconnlimit conn_limit, rolvaliduntil valid_until, rolconfig config, D.description
FROM pg_catalog.pg_roles R LEFT JOIN pg_catalog.pg_shdescription D ON D.objoid = R.oid;
SELECT a.attname, information_schema._pg_truetypid(a, t), a.attidentity, information_schema._pg_char_max_length(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE attrelid = 'sales.orders'::regclass AND attnum > 0 ORDER BY attnum;
-- Hasura: tables as JSON, tracked ones by a column definition list; functions
SELECT "table".table_schema, "table".table_name, jsonb_build_object('columns', coalesce(columns.info, '[]'), 'primary_key', primary_key.info,
    'view_info', CASE WHEN "table".relkind IN ('v', 'm') THEN jsonb_build_object('is_updatable', ((pg_catalog.pg_relation_is_updatable("table".oid, true) & 4) = 4)) END,
    'foreign_keys', coalesce(foreign_key.info, '[]'), 'description', description.description, 'extra_table_metadata', '[]'::json)::json AS info
FROM (SELECT tracked.name AS table_name, tracked.schema AS table_schema
      FROM jsonb_to_recordset('[{"schema": "public", "name": "t"}, {"schema": "sales", "name": "orders"}, {"schema": "public", "name": "custom"}]'::jsonb) AS tracked(schema text, name text)) tracked_table
LEFT JOIN (SELECT "table".oid, "table".relkind, "table".relname AS table_name, schema.nspname AS table_schema
    FROM pg_catalog.pg_class "table" JOIN pg_catalog.pg_namespace schema ON schema.oid = "table".relnamespace) "table"
  ON "table".table_name = tracked_table.table_name AND "table".table_schema = tracked_table.table_schema
LEFT JOIN pg_catalog.pg_description description ON description.classoid = 'pg_catalog.pg_class'::regclass AND description.objoid = "table".oid AND description.objsubid = 0
LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('name', "column".attname, 'position', "column".attnum,
      'type', json_build_object('name', coalesce(base_type.typname, "type".typname), 'type', "type".typtype),
      'is_nullable', NOT "column".attnotnull, 'is_insertable', NOT (identitypolyfill.attidentity = 'a'))) AS info
    FROM pg_catalog.pg_attribute "column"
    INNER JOIN (SELECT attrelid, attnum, CASE WHEN attidentity_exists THEN attidentity::text ELSE ''::text END AS attidentity
        FROM pg_catalog.pg_attribute CROSS JOIN (SELECT current_setting('server_version_num')::int >= 100000) AS attidentity(attidentity_exists)) AS identitypolyfill
      ON identitypolyfill.attrelid = "column".attrelid AND identitypolyfill.attnum = "column".attnum
    LEFT JOIN pg_catalog.pg_type "type" ON "type".oid = "column".atttypid
    LEFT JOIN pg_catalog.pg_type base_type ON "type".typtype = 'd' AND base_type.oid = "type".typbasetype
    WHERE "column".attrelid = "table".oid AND "column".attnum > 0 AND NOT "column".attisdropped) columns ON true
LEFT JOIN LATERAL (SELECT jsonb_build_object('constraint', jsonb_build_object('name', class.relname), 'columns', coalesce(columns.info, '[]')) AS info
    FROM pg_catalog.pg_index idx JOIN pg_catalog.pg_class class ON class.oid = idx.indexrelid
    LEFT JOIN LATERAL (SELECT jsonb_agg("column".attname) AS info FROM pg_catalog.pg_attribute "column"
        WHERE "column".attrelid = "table".oid AND "column".attnum = ANY (idx.indkey)) AS columns ON true
    WHERE idx.indrelid = "table".oid AND idx.indisprimary) primary_key ON true
LEFT JOIN (SELECT jsonb_agg(jsonb_build_object('columns', q.columns, 'foreign_columns', q.ref_columns)) AS info, q.table_id
    FROM (SELECT r.conrelid AS table_id, r.conname, json_agg(ac.attname) AS columns, json_agg(afc.attname) AS ref_columns
        FROM (SELECT conrelid, confrelid, conname, UNNEST(conkey) AS column_id, UNNEST(confkey) AS ref_column_id FROM pg_catalog.pg_constraint WHERE contype = 'f') r
        JOIN pg_catalog.pg_attribute ac ON r.column_id = ac.attnum AND r.conrelid = ac.attrelid
        JOIN pg_catalog.pg_attribute afc ON r.ref_column_id = afc.attnum AND r.confrelid = afc.attrelid
        GROUP BY r.conrelid, r.conname) q GROUP BY q.table_id) foreign_key ON foreign_key.table_id = "table".oid
WHERE "table".relkind IN ('r', 't', 'v', 'm', 'f', 'p') AND "table".table_schema NOT LIKE 'pg_%';
SELECT coalesce(json_agg(row_to_json(info)), '[]'::json) FROM (SELECT proname, prokind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public') info;
-- Metabase: fields, privileges, keys
SELECT c.column_name AS name, CASE WHEN c.udt_schema IN ('public', 'pg_catalog') THEN format('%s', c.udt_name) ELSE format('"%s"."%s"', c.udt_schema, c.udt_name) END AS "database-type",
  c.ordinal_position - 1 AS "database-position", c.table_schema AS "table-schema", c.table_name AS "table-name", pk.column_name IS NOT NULL AS "pk?",
  pg_catalog.col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS text), CAST(c.table_name AS text)) AS regclass) AS oid), c.ordinal_position) AS "field-comment",
  ((c.column_default IS NULL) OR (LOWER(c.column_default) = 'null')) AND (c.is_nullable = 'NO') AND NOT (((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO')) AS "database-required",
  ((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO') AS "database-is-auto-increment"
FROM information_schema.columns AS c
LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc
    INNER JOIN information_schema.key_column_usage AS kc ON (tc.constraint_name = kc.constraint_name) AND (tc.table_schema = kc.table_schema) AND (tc.table_name = kc.table_name)
    WHERE tc.constraint_type = 'PRIMARY KEY') AS pk ON (c.table_schema = pk.table_schema) AND (c.table_name = pk.table_name) AND (c.column_name = pk.column_name)
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND (c.table_schema IN ('public', 'sales')) ORDER BY "table-schema", "table-name", "database-position";
WITH table_privileges AS (
  SELECT NULL AS role, t.schemaname AS schema, t.objectname AS table,
    pg_catalog.has_any_column_privilege(current_user, '"' || t.schemaname || '"' || '.' || '"' || t.objectname || '"', 'update') AS update,
    pg_catalog.has_any_column_privilege(current_user, '"' || t.schemaname || '"' || '.' || '"' || t.objectname || '"', 'select') AS select,
    pg_catalog.has_table_privilege(current_user, '"' || t.schemaname || '"' || '.' || '"' || t.objectname || '"', 'delete') AS delete
  FROM (SELECT schemaname, tablename AS objectname FROM pg_catalog.pg_tables UNION SELECT schemaname, viewname FROM pg_views UNION SELECT schemaname, matviewname FROM pg_matviews) t
  WHERE t.schemaname !~ '^pg_' AND t.schemaname <> 'information_schema' AND pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage'))
SELECT t.* FROM table_privileges t ORDER BY 2, 3;
SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS "fk-column-name", pk_ns.nspname AS "pk-table-schema", pk_table.relname AS "pk-table-name", pk_column.attname AS "pk-column-name"
FROM pg_constraint c JOIN pg_class fk_table ON c.conrelid = fk_table.oid JOIN pg_namespace fk_ns ON c.connamespace = fk_ns.oid
JOIN pg_attribute fk_column ON c.conrelid = fk_column.attrelid JOIN pg_class pk_table ON c.confrelid = pk_table.oid JOIN pg_namespace pk_ns ON pk_table.relnamespace = pk_ns.oid
JOIN pg_attribute pk_column ON c.confrelid = pk_column.attrelid
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND c.contype = 'f' AND fk_column.attnum = ANY (c.conkey) AND pk_column.attnum = ANY (c.confkey) ORDER BY 1, 2;
-- Flyway: search path, emptiness, locks, objects to clean
SELECT set_config('search_path', 'public', false);
SELECT current_setting('search_path'), current_user, current_schema;
SELECT COUNT(*) FROM pg_namespace WHERE nspname='public';
SELECT EXISTS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.deptype = 'e' WHERE n.nspname = 'empty' AND d.objid IS NULL AND c.relkind IN ('r', 'v', 'S', 't')
  UNION ALL SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_catalog.pg_depend d ON d.objid = p.oid AND d.deptype = 'e' WHERE n.nspname = 'empty' AND d.objid IS NULL
  UNION ALL SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_depend d ON d.objid = t.oid AND d.deptype = 'e' WHERE n.nspname = 'empty' AND d.objid IS NULL AND t.typcategory NOT IN ('A', 'C'));
SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema='public' AND table_name='flyway_schema_history');
SELECT pg_try_advisory_lock(77431708279161);
SELECT pg_advisory_unlock(77431708279161);
SELECT sequence_name FROM information_schema.sequences WHERE sequence_schema = 'public' ORDER BY 1;
SELECT t.table_name FROM information_schema.tables t LEFT JOIN pg_depend dep ON dep.objid = (quote_ident(t.table_schema)||'.'||quote_ident(t.table_name))::regclass::oid AND dep.deptype = 'e'
WHERE table_schema='public' AND table_type='BASE TABLE' AND dep.objid IS NULL AND NOT (SELECT EXISTS (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhrelid = (quote_ident(t.table_schema)||'.'||quote_ident(t.table_name))::regclass::oid)) ORDER BY 1;
SELECT typname, typcategory FROM pg_catalog.pg_type t LEFT JOIN pg_depend dep ON dep.objid = t.oid AND dep.deptype = 'e'
WHERE (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid)) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type el WHERE el.oid = t.typelem AND el.typarray = t.oid)
  AND t.typnamespace IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'public') AND dep.objid IS NULL AND t.typtype <> 'd';
SELECT proname, oidvectortypes(proargtypes) AS args, pg_proc.prokind FROM pg_proc INNER JOIN pg_namespace ns ON (pg_proc.pronamespace = ns.oid) LEFT JOIN pg_depend dep ON dep.objid = pg_proc.oid AND dep.deptype = 'e' WHERE ns.nspname = 'public' AND dep.objid IS NULL;
-- Liquibase: sequences with their owners, columns, keys, unique constraints
SELECT c.relname AS "SEQUENCE_NAME", s.seqmin AS "MIN_VALUE", s.seqmax AS "MAX_VALUE", s.seqincrement AS "INCREMENT_BY", s.seqcycle AS "WILL_CYCLE", s.seqstart AS "START_VALUE", s.seqcache AS "CACHE_SIZE", pg_catalog.format_type(s.seqtypid, NULL) AS "SEQ_TYPE"
FROM pg_class c JOIN pg_sequence s ON c.oid = s.seqrelid JOIN pg_namespace ns ON c.relnamespace = ns.oid
WHERE c.relkind = 'S' AND ns.nspname = 'public' AND c.oid NOT IN (SELECT d.objid FROM pg_depend d WHERE d.refobjsubid > 0) ORDER BY 1;
SELECT s.relname AS "SEQUENCE_NAME", t.relname AS tab, a.attname AS col, d.deptype FROM pg_class s JOIN pg_depend d ON d.objid=s.oid AND d.classid='pg_class'::regclass AND d.refclassid='pg_class'::regclass
JOIN pg_class t ON t.oid=d.refobjid JOIN pg_namespace n ON n.oid=t.relnamespace JOIN pg_attribute a ON a.attrelid=t.oid AND a.attnum=d.refobjsubid WHERE s.relkind='S' AND d.deptype IN ('a', 'i') ORDER BY 1, 2;
SELECT a.attname AS sequence_name_column, pg_get_serial_sequence('sales.orders', a.attname) FROM pg_attribute a WHERE a.attrelid = 'sales.orders'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SELECT c.conname AS constraint_name, cl.relname AS table_name, c.condeferrable AS is_deferrable, c.condeferred AS initially_deferred, c.convalidated AS validated FROM pg_constraint c JOIN pg_class cl ON c.conrelid = cl.oid WHERE c.contype = 'u' ORDER BY 1;
SELECT NULL AS table_cat, n.nspname AS table_schem, c.relname AS table_name, CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema' WHEN true THEN 'SYSTEM TABLE' ELSE CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE NULL END END AS table_type, d.description AS remarks
FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass)
WHERE c.relnamespace = n.oid AND n.nspname LIKE 'public' AND (false OR (c.relkind = 'r') OR (c.relkind = 'S')) ORDER BY table_type, table_schem, table_name;
-- TypeORM
SELECT * FROM current_schema();
SELECT "columns".table_name, "columns".column_name, "columns".column_default, ('"' || "table_schema" || '"."' || "table_name" || '"')::regclass AS regclass, format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type"
FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name"
  AND "col_attr"."attrelid" = (SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema")
WHERE ("table_schema" = 'public' AND "table_name" = 't') OR ("table_schema" = 'sales' AND "table_name" = 'orders') ORDER BY 1, 2;
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression",
  CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name"
FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace"
LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 't')) ORDER BY 3, 6;
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE 'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type"
FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid" AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace"
INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname"
WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND "t"."relname" = 't';
-- Drizzle: pull and push
SELECT n.nspname AS table_schema, c.relname AS table_name, CASE WHEN c.relkind = 'r' THEN 'table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized_view' END AS type, c.relrowsecurity AS rls_enabled
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname IN ('public', 'sales') ORDER BY 1, 2;
SELECT schemaname, sequencename, start_value, min_value, max_value, increment_by, cycle, cache_size FROM pg_sequences AS seqs WHERE schemaname = 'public' ORDER BY sequencename;
SELECT rolname, rolinherit, rolcreatedb, rolcreaterole FROM pg_roles ORDER BY 1;
SELECT schemaname, tablename, policyname AS name, permissive AS "as", roles AS "to", cmd AS "for", qual AS "using", with_check AS "withCheck" FROM pg_policies WHERE schemaname = 'public';
SELECT a.attrelid::regclass::text, a.attname, is_nullable, a.attndims AS array_dimensions,
  CASE WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[]) AND EXISTS (SELECT FROM pg_attrdef ad WHERE ad.adrelid = a.attrelid AND ad.adnum = a.attnum AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval(''' || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)')
    THEN CASE a.atttypid WHEN 'int'::regtype THEN 'serial' WHEN 'int8'::regtype THEN 'bigserial' WHEN 'int2'::regtype THEN 'smallserial' END ELSE format_type(a.atttypid, a.atttypmod) END AS data_type,
  INFORMATION_SCHEMA.COLUMNS.table_name, ns.nspname AS type_schema, pg_get_serial_sequence('"sales"."orders"', a.attname)::regclass AS seq_name, column_default, data_type AS additional_dt, is_identity, identity_generation, identity_start, identity_increment, identity_maximum, identity_minimum, identity_cycle
FROM pg_attribute a JOIN INFORMATION_SCHEMA.COLUMNS ON INFORMATION_SCHEMA.COLUMNS.column_name = a.attname JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_namespace ns ON ns.oid = t.typnamespace
WHERE a.attrelid = '"sales"."orders"'::regclass AND INFORMATION_SCHEMA.COLUMNS.table_name = 'orders' AND INFORMATION_SCHEMA.COLUMNS.table_schema = 'sales' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
SELECT DISTINCT ON (t.relname, ic.relname, k.i) t.relname AS table_name, ic.relname AS indname, k.i AS index_order, i.indisunique AS is_unique, am.amname AS method, ic.reloptions AS with, coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
  CASE WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1 ELSE 0 END AS is_expression, i.indoption[k.i-1] & 1 = 1 AS descending, i.indoption[k.i-1] & 2 = 2 AS nulls_first, pg_get_expr(i.indpred, i.indrelid) AS "where", CASE WHEN a.attnum > 0 THEN opc.opcname END
FROM pg_class t LEFT JOIN pg_index i ON t.oid = i.indrelid LEFT JOIN pg_class ic ON ic.oid = i.indexrelid CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
LEFT JOIN pg_attribute AS a ON t.oid = a.attrelid AND k.attnum = a.attnum JOIN pg_namespace c ON c.oid = t.relnamespace LEFT JOIN pg_am AS am ON am.oid = ic.relam JOIN pg_opclass opc ON opc.oid = ANY (i.indclass)
WHERE c.nspname = 'public' AND t.relname = 't' ORDER BY t.relname, ic.relname, k.i, 12;
-- Ecto and Postgrex: types at connection, migrations' lock
SELECT t.oid, t.typname, t.typsend, t.typreceive, t.typoutput, t.typinput, coalesce(d.typelem, t.typelem), coalesce(r.rngsubtype, 0), ARRAY (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_type AS t LEFT JOIN pg_type AS d ON t.typbasetype = d.oid LEFT JOIN pg_range AS r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid OR (t.typbasetype <> 0 AND r.rngtypid = t.typbasetype)
WHERE (t.typrelid = 0) AND (t.typelem = 0 OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type s WHERE s.typrelid != 0 AND s.oid = t.typelem)) AND t.oid < 4000 ORDER BY t.oid;
SELECT true FROM information_schema.tables WHERE table_name = 'schema_migrations' AND table_schema = current_schema();
-- Diesel: infer_schema and print-schema
SELECT column_name, udt_name, udt_schema::regnamespace::text, is_nullable = 'YES', character_maximum_length, col_description(table_name::regclass, ordinal_position) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' ORDER BY ordinal_position;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE '\_\_%' AND table_type LIKE 'BASE TABLE' ORDER BY 1;
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = '"public"."t"'::regclass AND i.indisprimary;
SELECT "oid" > 0, "typarray" FROM "pg_type" WHERE "typname" = 'int8' AND "typnamespace" = "pg_catalog"."regnamespace"('pg_catalog')::oid;
SELECT p.proname, t.typname FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype WHERE p.proname IN ('nextval', 'lastval') ORDER BY 1;
-- sqlx: describe, types, migrations' lock
SELECT col.idx, NOT pg_attribute.attnotnull AS nullable FROM (VALUES (0::int4, 't'::regclass::oid::int4, 1::int2), (1, 't'::regclass::oid::int4, 2::int2), (2, NULL, NULL)) AS col(idx, table_id, col_idx)
LEFT JOIN pg_catalog.pg_attribute ON table_id IS NOT NULL AND attrelid = table_id AND attnum = col_idx ORDER BY col.idx;
SELECT oid::regtype::text, typname, typtype, typcategory, typrelid, typelem, typbasetype FROM pg_catalog.pg_type WHERE oid = 1016;
SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = 23 ORDER BY enumsortorder;
SELECT attname, atttypid FROM pg_catalog.pg_attribute WHERE attrelid = 't'::regclass AND NOT attisdropped AND attnum > 0 ORDER BY attnum;
SELECT oid FROM pg_catalog.pg_type WHERE oid = 'int8'::regtype;
SELECT count(*) FROM unnest(ARRAY[1, 2]::int4[], ARRAY['a', 'b']) AS x(a, b);
SELECT EXISTS(SELECT 1 FROM pg_database WHERE datname = 'nowhere');
-- asyncpg: types, as its newer versions ask
WITH RECURSIVE typeinfo_tree(oid, ns, name, kind, basetype, elemtype, elemdelim, range_subtype, attrtypoids, attrnames, depth) AS (
  SELECT ti.oid, ti.ns, ti.name, ti.kind, ti.basetype, ti.elemtype, ti.elemdelim, ti.range_subtype, ti.attrtypoids, ti.attrnames, 0
  FROM (SELECT t.oid, ns.nspname AS ns, t.typname AS name, t.typtype AS kind,
      (CASE WHEN t.typtype = 'd' THEN (WITH RECURSIVE typebases(oid, depth) AS (SELECT t2.typbasetype AS oid, 0 AS depth FROM pg_type t2 WHERE t2.oid = t.oid
         UNION ALL SELECT t2.typbasetype, tb.depth + 1 FROM pg_type t2, typebases tb WHERE tb.oid = t2.oid AND t2.typbasetype != 0) SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1) ELSE NULL END) AS basetype,
      t.typelem AS elemtype, elem_t.typdelim AS elemdelim, COALESCE(range_t.rngsubtype, multirange_t.rngsubtype) AS range_subtype,
      (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.atttypid ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END) AS attrtypoids,
      (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.attname::text ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END) AS attrnames
    FROM pg_catalog.pg_type AS t INNER JOIN pg_catalog.pg_namespace ns ON (ns.oid = t.typnamespace) LEFT JOIN pg_type elem_t ON (t.typlen = -1 AND t.typelem != 0 AND t.typelem = elem_t.oid)
    LEFT JOIN pg_range range_t ON (t.oid = range_t.rngtypid) LEFT JOIN pg_range multirange_t ON (t.oid = multirange_t.rngmultitypid)) AS ti WHERE ti.oid = any(ARRAY[1009, 3904, 4451, 13000]::oid[])
  UNION ALL
  SELECT ti.oid, ns.nspname, ti.typname, ti.typtype, NULL::oid, ti.typelem, ti.typdelim, NULL::oid, NULL::oid[], NULL::text[], tt.depth + 1
  FROM pg_type ti JOIN pg_namespace ns ON ns.oid = ti.typnamespace, typeinfo_tree tt
  WHERE (tt.elemtype IS NOT NULL AND ti.oid = tt.elemtype) OR (tt.attrtypoids IS NOT NULL AND ti.oid = any(tt.attrtypoids)) OR (tt.range_subtype IS NOT NULL AND ti.oid = tt.range_subtype))
SELECT DISTINCT *, basetype::regtype::text AS basetype_name, elemtype::regtype::text AS elemtype_name, range_subtype::regtype::text AS range_subtype_name FROM typeinfo_tree WHERE ns = 'pg_catalog' ORDER BY depth DESC;
-- Npgsql: types at connection, composites, enums
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid
FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid, elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind,
        CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
      FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid, CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
              CASE WHEN proc.proname='array_recv' THEN typ.typelem WHEN typ.typtype='r' THEN rngsubtype WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid) WHEN typ.typtype='d' THEN typ.typbasetype END AS elemtypoid
            FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid) LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ
      LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid) LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'c' AND relkind='c') OR (typtype = 'p' AND typname IN ('record', 'void', 'unknown'))
  OR (typtype = 'a' AND (elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR (elemtyptype = 'p' AND elemtypname IN ('record', 'void')) OR (elemtyptype = 'c' AND elemrelkind='c')))
ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'r' THEN 1 WHEN typtype = 'm' THEN 2 WHEN typtype = 'c' THEN 3 WHEN typtype = 'd' AND elemtyptype <> 'a' THEN 4 WHEN typtype = 'a' THEN 5 WHEN typtype = 'd' AND elemtyptype = 'a' THEN 6 END;
SELECT typ.oid, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace) JOIN pg_class AS cls ON (cls.oid = typ.typrelid) JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid)
WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped ORDER BY typ.oid, att.attnum;
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder;
-- Grafana: version, tables on the search path, columns of a table
SELECT current_setting('server_version_num')::int/100 AS version;
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';
SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) AS i, string_to_array(current_setting('search_path'),',') s)
  THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table"
FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', 'timescaledb_information') ORDER BY 1;
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns
WHERE CASE WHEN array_length(parse_ident('sales.orders'),1) = 2 THEN quote_ident(table_schema) = (parse_ident('sales.orders'))[1] AND quote_ident(table_name) = (parse_ident('sales.orders'))[2] ELSE quote_ident(table_name) = 'sales.orders' END ORDER BY 1;
