import java.util.*;
import org.hibernate.*;
import org.hibernate.cfg.Configuration;
import org.hibernate.tool.hbm2ddl.*;

/** Hibernate 3.6 (Debian's): sequence generators with and without an optimizer, schema export, update and validation, HQL. */
public class Hibernate {
    public static class Author {
        private Long id;
        private String name;
        public Long getId() { return id; }
        public void setId(Long id) { this.id = id; }
        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
    }

    public static class Book {
        private Long id;
        private String title;
        private Author author;
        public Long getId() { return id; }
        public void setId(Long id) { this.id = id; }
        public String getTitle() { return title; }
        public void setTitle(String title) { this.title = title; }
        public Author getAuthor() { return author; }
        public void setAuthor(Author author) { this.author = author; }
    }

    static final String MAPPING = "<?xml version='1.0'?><!DOCTYPE hibernate-mapping PUBLIC '-//Hibernate/Hibernate Mapping DTD 3.0//EN' 'http://www.hibernate.org/dtd/hibernate-mapping-3.0.dtd'><hibernate-mapping default-lazy='false'>"
        + "<class name='Hibernate$Author' table='author'><id name='id'><generator class='sequence'><param name='sequence'>author_seq</param></generator></id>"
        + "<property name='name' length='30' not-null='true' unique='true'/></class>"
        + "<class name='Hibernate$Book' table='book'><id name='id'><generator class='org.hibernate.id.enhanced.SequenceStyleGenerator'>"
        + "<param name='sequence_name'>book_seq</param><param name='increment_size'>50</param><param name='initial_value'>1</param><param name='optimizer'>pooled</param></generator></id>"
        + "<property name='title'/><many-to-one name='author' column='author_id' class='Hibernate$Author' lazy='false'/></class></hibernate-mapping>";

    static void section(String name) { System.out.println("# " + name); }

    public static void main(String[] args) throws Exception {
        Configuration c = new Configuration();
        c.setProperty("hibernate.connection.driver_class", "org.postgresql.Driver");
        c.setProperty("hibernate.connection.url", "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"));
        c.setProperty("hibernate.connection.username", System.getenv("PGUSER"));
        c.setProperty("hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect");
        c.setProperty("hibernate.jdbc.use_get_generated_keys", "false");
        c.addXML(MAPPING);
        c.buildMappings();
        section("schema export");
        SchemaExport export = new SchemaExport(c);
        export.setHaltOnError(false);
        export.create(true, true);
        System.out.println(export.getExceptions().size() + " errors");
        section("schema update and validation");
        SchemaUpdate update = new SchemaUpdate(c);
        update.execute(true, true);
        System.out.println(update.getExceptions());
        new SchemaValidator(c).validate();
        SessionFactory factory = c.buildSessionFactory();
        section("generators");
        Session session = factory.openSession();
        org.hibernate.engine.SessionImplementor impl = (org.hibernate.engine.SessionImplementor) session;
        for (Class<?> entity : new Class<?>[] {Author.class, Book.class}) {
            org.hibernate.id.IdentifierGenerator g = ((org.hibernate.engine.SessionFactoryImplementor) factory).getIdentifierGenerator(entity.getName());
            StringBuilder ids = new StringBuilder(entity.getSimpleName());
            for (int i = 0; i < 55; i++) ids.append(" ").append(g.generate(impl, null));
            System.out.println(ids);
        }
        System.out.println(session.createSQLQuery("select last_value, is_called from book_seq").uniqueResult() instanceof Object[]);
        System.out.println(Arrays.toString((Object[]) session.createSQLQuery("select last_value, is_called from book_seq").uniqueResult()));
        section("queries");
        System.out.println(session.createQuery("from Hibernate$Book b where b.author.name like 'x%' order by b.id desc").setMaxResults(3).list());
        System.out.println(session.createQuery("select count(*), max(b.id) from Hibernate$Book b").list().size() + " " + session.get(Author.class, 1L));
        section("errors and transactions");
        Transaction tx = session.beginTransaction();
        session.createSQLQuery("create sequence gone").executeUpdate();
        System.out.println(session.createSQLQuery("select nextval('gone')").uniqueResult());
        tx.rollback();
        try {
            session.createSQLQuery("select nextval('gone')").uniqueResult();
        } catch (JDBCException e) {
            System.out.println(e.getClass().getSimpleName() + " " + e.getSQLState() + " " + e.getSQLException().getMessage());
        }
        session.close();
        factory.close();
        section("drop");
        export.drop(true, true);
    }
}
