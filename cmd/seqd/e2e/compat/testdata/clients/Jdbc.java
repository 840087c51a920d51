import java.sql.*;
import java.util.*;

/** JDBC: prepared statements past prepareThreshold, binary transfer, autosave, metadata, and the queries of Hibernate's sequences. */
public class Jdbc {
    static void section(String name) { System.out.println("# " + name); }

    interface Task { Object run() throws Exception; }

    static void failure(String what, Task t) throws Exception {
        try {
            System.out.println(what + " no error " + t.run());
        } catch (org.postgresql.util.PSQLException e) {
            org.postgresql.util.ServerErrorMessage m = e.getServerErrorMessage();
            System.out.println(what + " " + e.getSQLState() + (m == null ? " " + e.getMessage() : " " + m.getSeverity() + " " + m.getMessage() + " | " + m.getDetail() + " | " + m.getHint() + " | " + m.getPosition()));
        }
    }

    static String url(String options) {
        return "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?user=" + System.getenv("PGUSER") + options;
    }

    /** Every row and column; numbers of objects are left out. */
    static void rows(String what, ResultSet rs, String... without) throws SQLException {
        ResultSetMetaData m = rs.getMetaData();
        List<String> lines = new ArrayList<>();
        while (rs.next()) {
            StringBuilder b = new StringBuilder(what);
            for (int i = 1; i <= m.getColumnCount(); i++)
                if (!Arrays.asList(without).contains(m.getColumnLabel(i))) b.append(" | ").append(m.getColumnLabel(i)).append("=").append(rs.getString(i));
            lines.add(b.toString());
        }
        lines.forEach(System.out::println);
        if (lines.isEmpty()) System.out.println(what + " none");
        rs.close();
    }

    static Object one(Connection c, String sql, Object... args) throws SQLException {
        try (PreparedStatement st = c.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) st.setObject(i + 1, args[i]);
            try (ResultSet rs = st.executeQuery()) { return rs.next() ? rs.getObject(1) : null; }
        }
    }

    static void session(String options) throws Exception {
        section("sequences, " + (options.isEmpty() ? "defaults" : options.substring(1)));
        try (Connection c = DriverManager.getConnection(url(options)); Statement st = c.createStatement()) {
            st.executeUpdate("CREATE SEQUENCE IF NOT EXISTS s START 10 INCREMENT 5 CACHE 2");
            System.out.println(st.getWarnings());
            st.clearWarnings();
            System.out.println(one(c, "SELECT setval('s', ?, ?)", 100L, false) + " " + c.isValid(5) + " " + c.getAutoCommit() + " " + c.getTransactionIsolation());
            try (PreparedStatement p = c.prepareStatement("SELECT nextval(?), currval('s'), lastval(), ?::int4")) {
                for (int i = 0; i < 8; i++) {
                    p.setString(1, "s");
                    p.setInt(2, i);
                    rows("row " + i, p.executeQuery());
                }
                ResultSetMetaData m = p.getMetaData();
                for (int i = 1; i <= m.getColumnCount(); i++) System.out.println(m.getColumnName(i) + " " + m.getColumnTypeName(i) + " " + m.getColumnType(i) + " " + m.isNullable(i) + " " + m.getPrecision(i) + " " + m.getColumnClassName(i));
                ParameterMetaData pm = p.getParameterMetaData();
                System.out.println(pm.getParameterTypeName(1) + " " + pm.getParameterTypeName(2));
            }
            failure("unknown", () -> one(c, "SELECT nextval('nosuch')"));
            failure("unknown, parameter", () -> one(c, "SELECT nextval(?)", "nosuch"));
            failure("syntax", () -> one(c, "SELEKT 1"));
            failure("exists", () -> st.execute("CREATE SEQUENCE s"));
            failure("bounds", () -> one(c, "SELECT setval('s', ?)", 0L));
            c.setAutoCommit(false);
            st.execute("CREATE SEQUENCE gone");
            Savepoint sp = c.setSavepoint("a");
            failure("in a transaction", () -> one(c, "SELECT nextval('nosuch')"));
            failure("after an error", () -> one(c, "SELECT nextval('gone')"));
            c.rollback(sp);
            failure("after a rollback", () -> one(c, "SELECT nextval('gone')"));
            c.rollback();
            failure("gone", () -> one(c, "SELECT nextval('gone')"));
            c.rollback();
            st.setFetchSize(3);
            rows("fetched", st.executeQuery("SELECT g, nextval('s') FROM generate_series(1, 7) g"));
            c.commit();
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            c.setReadOnly(true);
            failure("read only", () -> one(c, "SELECT nextval('s')"));
            c.rollback();
            c.setReadOnly(false);
            c.setAutoCommit(true);
            try (PreparedStatement p = c.prepareStatement("SELECT nextval(?)")) {
                for (int i = 0; i < 3; i++) { p.setString(1, "s"); p.addBatch(); }
                failure("batch", () -> Arrays.toString(p.executeBatch()));
            }
            failure("call", () -> {
                try (CallableStatement call = c.prepareCall("{ ? = call nextval(?::regclass) }")) {
                    call.registerOutParameter(1, Types.BIGINT);
                    call.setString(2, "s");
                    call.execute();
                    return call.getLong(1);
                }
            });
            st.execute("SELECT nextval('s'); SELECT nextval('s') AS n");
            rows("first", st.getResultSet());
            System.out.println(st.getMoreResults());
            rows("second", st.getResultSet());
        }
    }

    static void types() throws Exception {
        section("types");
        try (Connection c = DriverManager.getConnection(url("")); PreparedStatement p = c.prepareStatement("SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], ARRAY['a','b'], '2020-01-02'::date, '2020-01-02 03:04:05'::timestamp, "
            + "'1 day 02:00:00'::interval, '\\x00ff'::bytea, '03:04:05'::time, '{\"a\": 1}'::jsonb, '7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a'::uuid, 's'::regclass, 1::oid, 'n'::name")) {
            for (int i = 0; i < 6; i++) {
                ResultSet rs = p.executeQuery();
                if (i != 0 && i != 5) continue;
                rs.next();
                ResultSetMetaData m = rs.getMetaData();
                for (int j = 1; j <= m.getColumnCount(); j++) {
                    Object v = rs.getObject(j);
                    System.out.println(m.getColumnTypeName(j) + " " + m.getColumnType(j) + " " + m.getColumnClassName(j) + " " + m.getPrecision(j) + "/" + m.getScale(j) + " " + (v instanceof byte[] ? Arrays.toString((byte[]) v) : v));
                }
            }
            System.out.println(one(c, "SELECT ?::uuid", UUID.fromString("7f5ee7b0-8f0f-4e2a-9a1a-1f2e3d4c5b6a")) + " " + one(c, "SELECT ?", new java.math.BigDecimal("1.50")) + " " + one(c, "SELECT ?", java.sql.Timestamp.valueOf("2020-01-02 03:04:05")) + " "
                + one(c, "SELECT ?", 2.5d) + " " + one(c, "SELECT ?", true) + " " + one(c, "SELECT ?", c.createArrayOf("int4", new Integer[] {1, null, 3})) + " " + one(c, "SELECT ?", java.sql.Date.valueOf("2020-01-02")));
        }
    }

    static void metadata() throws Exception {
        section("metadata");
        try (Connection c = DriverManager.getConnection(url("")); Statement st = c.createStatement()) {
            st.execute("CREATE TABLE author (id serial PRIMARY KEY, name varchar(30) NOT NULL UNIQUE)");
            st.execute("CREATE TABLE book (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE, price numeric(10,2) DEFAULT 1.5, sold boolean DEFAULT false, at timestamptz(3))");
            st.execute("COMMENT ON TABLE author IS 'who writes'; COMMENT ON COLUMN author.name IS 'who'; CREATE INDEX book_price ON book (price DESC, author_id)");
            DatabaseMetaData d = c.getMetaData();
            System.out.println(d.getDatabaseProductName() + " " + d.getDatabaseMajorVersion() + "." + d.getDatabaseMinorVersion() + " " + d.getMaxColumnNameLength() + " " + d.getDefaultTransactionIsolation() + " " + d.getUserName() + " " + d.supportsSavepoints());
            System.out.println(d.getSQLKeywords());
            System.out.println(d.getNumericFunctions().length() + " " + d.getSystemFunctions());
            rows("schema", d.getSchemas());
            rows("table type", d.getTableTypes());
            rows("sequence", d.getTables(null, "public", "%", new String[] {"SEQUENCE"}));
            rows("table", d.getTables(null, "public", "%", null));
            rows("system", d.getTables(null, "pg_catalog", "pg_seq%", new String[] {"SYSTEM TABLE", "SYSTEM VIEW"}));
            rows("column", d.getColumns(null, "public", "%", "%"));
            rows("key", d.getPrimaryKeys(null, "public", "book"));
            rows("imported", d.getImportedKeys(null, "public", "book"));
            rows("exported", d.getExportedKeys(null, "public", "author"));
            rows("cross", d.getCrossReference(null, "public", "author", null, "public", "book"));
            rows("index", d.getIndexInfo(null, "public", "book", false, true), "CARDINALITY", "PAGES");
            rows("best row", d.getBestRowIdentifier(null, "public", "author", DatabaseMetaData.bestRowSession, true));
            rows("version", d.getVersionColumns(null, "public", "author"), "COLUMN_SIZE");
            rows("privilege", d.getTablePrivileges(null, "public", "author"));
            rows("column privilege", d.getColumnPrivileges(null, "public", "author", "name"));
            rows("function", d.getFunctions(null, "pg_catalog", "nextval"), "SPECIFIC_NAME");
            rows("procedure", d.getProcedures(null, "pg_catalog", "currval"), "SPECIFIC_NAME");
            rows("client info", d.getClientInfoProperties());
            int n = 0;
            try (ResultSet rs = d.getTypeInfo()) { while (rs.next()) if (rs.getString("TYPE_NAME").matches("int8|bigserial|serial|text|numeric|regclass")) System.out.println("type " + rs.getString("TYPE_NAME") + " " + rs.getInt("DATA_TYPE") + " " + rs.getInt("PRECISION") + " " + rs.getBoolean("AUTO_INCREMENT") + " " + rs.getBoolean("NULLABLE")); }
            rows("rows", st.executeQuery("SELECT * FROM book"));
            try (ResultSet rs = st.executeQuery("SELECT id, price, sold FROM book")) {
                ResultSetMetaData m = rs.getMetaData();
                for (int i = 1; i <= m.getColumnCount(); i++) System.out.println(m.getTableName(i) + " " + ((org.postgresql.PGResultSetMetaData) m).getBaseColumnName(i) + " " + m.isAutoIncrement(i) + " " + m.isNullable(i) + " " + m.getPrecision(i) + " " + m.getScale(i));
            }
            System.out.println(c.getSchema() + " " + c.getCatalog() + " " + c.getClientInfo("ApplicationName"));
            c.setSchema("public");
            c.setClientInfo("ApplicationName", "matrix");
            System.out.println(one(c, "SHOW application_name") + " " + one(c, "SELECT pg_get_serial_sequence(?, ?)", "author", "id"));
        }
    }

    static void hibernate() throws Exception {
        section("queries of Hibernate 5 and 6");
        try (Connection c = DriverManager.getConnection(url("")); Statement st = c.createStatement()) {
            st.execute("create sequence hibernate_sequence start with 1 increment by 50");
            st.execute("create sequence if not exists book_seq start 1 increment 50");
            for (String sql : new String[] {"select nextval ('hibernate_sequence')", "select nextval('book_seq')"}) System.out.println(one(c, sql) + " " + one(c, sql));
            rows("information_schema", st.executeQuery("select * from information_schema.sequences where sequence_schema = 'public' order by sequence_name"));
            rows("relname", st.executeQuery("select relname from pg_class where relkind='S' and relname like '%\\_seq%' order by 1"));
            st.execute("drop sequence if exists hibernate_sequence");
            st.execute("drop sequence if exists hibernate_sequence");
            System.out.println(st.getWarnings());
            st.execute("drop sequence book_seq cascade");
            st.execute("create table authors (id int8 not null, name varchar(255), primary key (id))");
            st.execute("alter table if exists authors add constraint uk_name unique (name)");
            st.execute("alter table if exists authors drop constraint if exists uk_name");
            st.execute("alter table if exists nosuch drop constraint if exists uk_name");
            rows("select", st.executeQuery("select a1_0.id, a1_0.name from authors a1_0 where a1_0.name like '%' escape '' order by a1_0.id offset 0 rows fetch first 3 rows only"));
            rows("lock", st.executeQuery("select a1_0.id from authors a1_0 where a1_0.id=1 for no key update"));
            rows("limit", st.executeQuery("select author0_.id as id1_0_, author0_.name as name2_0_ from authors author0_ limit 2"));
            st.execute("drop table if exists authors cascade");
        }
    }

    static void cancel() throws Exception {
        section("cancel and timeouts");
        try (Connection c = DriverManager.getConnection(url("")); Statement st = c.createStatement()) {
            st.setQueryTimeout(1);
            failure("query timeout", () -> st.executeQuery("SELECT pg_sleep(600)"));
            failure("statement timeout", () -> { try (Connection d = DriverManager.getConnection(url("&options=-c%20statement_timeout=100"))) { return one(d, "SELECT pg_sleep(600)"); } });
        }
    }

    public static void main(String[] args) throws Exception {
        for (String options : new String[] {"", "&autosave=always", "&prepareThreshold=1&binaryTransfer=true", "&preferQueryMode=simple", "&prepareThreshold=0&autosave=conservative", "&preferQueryMode=extendedCacheEverything&reWriteBatchedInserts=true"}) session(options);
        types();
        metadata();
        hibernate();
        cancel();
    }
}
