"""SQLAlchemy over psycopg2: Sequence(), DDL, Inspector, reflection, savepoints."""
import sys
import sqlalchemy as sa
from sqlalchemy import Sequence, Column, Integer, BigInteger, String, MetaData, Table, ForeignKey, Index, CheckConstraint, Identity, text, event
from sqlalchemy.schema import CreateSequence, DropSequence
from sqlalchemy.orm import declarative_base, Session
from sqlalchemy.exc import DBAPIError

def section(name):
    print("#", name)

def failure(what, f):
    try:
        print(what, "no error", f())
    except DBAPIError as e:
        print(what, type(e).__name__, e.orig.pgcode, e.orig.diag.message_primary, e.orig.diag.message_hint)

engine = sa.create_engine("postgresql+psycopg2:///", future=True)

section("connect")
with engine.connect() as c:
    print(engine.dialect.server_version_info, engine.dialect.default_schema_name, c.get_isolation_level(), c.default_isolation_level)
    print(engine.dialect._backslash_escapes)

section("sequences")
meta = MetaData()
s = Sequence("s", metadata=meta, start=10, increment=5, minvalue=5, maxvalue=1000, cycle=True, cache=2, data_type=BigInteger)
with engine.begin() as c:
    s.create(c)
    print(c.execute(s), c.scalar(s.next_value()), c.scalar(sa.select(s.next_value())))
    print(c.execute(CreateSequence(Sequence("q", start=3))).rowcount)
    print(c.scalar(text("SELECT setval('q', :v, :called)"), {"v": 77, "called": False}), c.execute(Sequence("q")))
    c.execute(DropSequence(Sequence("q")))
    print(c.execute(text("SELECT * FROM s")).mappings().one())

section("errors")
with engine.connect() as c:
    failure("unknown", lambda: c.execute(Sequence("nosuch")))
    c.rollback()
    failure("exists", lambda: c.execute(CreateSequence(Sequence("s"))))
    c.rollback()
    failure("syntax", lambda: c.execute(text("SELEKT 1")))

section("transactions")
with engine.connect() as c:
    with c.begin():
        nested = c.begin_nested()
        Sequence("gone").create(c)
        print(c.execute(Sequence("gone")))
        nested.rollback()
        print(sa.inspect(c).has_sequence("gone"))
    for level in ("SERIALIZABLE", "REPEATABLE READ", "READ UNCOMMITTED", "AUTOCOMMIT"):
        d = c.execution_options(isolation_level=level)
        print(level, d.get_isolation_level(), d.scalar(text("SHOW transaction_isolation")))
        d.rollback()

section("create_all")
Base = declarative_base()

class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, Sequence("author_seq", start=1000), primary_key=True)
    name = Column(String(30), nullable=False, unique=True)
    __table_args__ = (CheckConstraint("id > 0", name="positive"), {"comment": "who writes"})

class Book(Base):
    __tablename__ = "book"
    id = Column(BigInteger, Identity(start=5, cycle=True), primary_key=True)
    serial = Column(Integer, nullable=False, server_default=text("7"))
    author_id = Column(ForeignKey("author.id", ondelete="CASCADE"), index=True)
    title = Column(sa.Text, comment="what it is called")
    at = Column(sa.DateTime(timezone=True))
    price = Column(sa.Numeric(10, 2))

class Plain(Base):
    __tablename__ = "plain"
    id = Column(Integer, primary_key=True)

Base.metadata.create_all(engine)
Base.metadata.create_all(engine)  # finds everything there

section("inspector")
with engine.connect() as c:
    insp = sa.inspect(c)
    print(insp.get_schema_names(), insp.default_schema_name)
    print(insp.get_sequence_names(), insp.has_sequence("author_seq"), insp.has_sequence("nosuch"), insp.has_sequence("s", schema="public"))
    print(sorted(insp.get_table_names()), insp.has_table("book"), insp.has_table("nosuch"), insp.get_view_names())
    print(sorted(insp.get_table_names("pg_catalog"))[:3], len(insp.get_view_names("information_schema")))
    for t in ("author", "book", "plain"):
        print(t)
        for col in insp.get_columns(t):
            print("  column", {k: str(v) for k, v in sorted(col.items())})
        print("  pk", insp.get_pk_constraint(t))
        print("  fk", insp.get_foreign_keys(t))
        print("  unique", insp.get_unique_constraints(t))
        print("  check", insp.get_check_constraints(t))
        print("  indexes", insp.get_indexes(t))
        print("  comment", insp.get_table_comment(t))
        print("  options", insp.get_table_options(t))
    print(insp.get_enums(), insp.get_foreign_table_names())
    try:
        insp.get_columns("nosuch")
    except sa.exc.NoSuchTableError as e:
        print(type(e).__name__, e)

section("reflection")
reflected = MetaData()
reflected.reflect(engine)
for t in reflected.sorted_tables:
    print(t.name, [(c.name, str(c.type), c.nullable, c.primary_key, str(c.server_default.arg) if getattr(c.server_default, "arg", None) is not None else None) for c in t.columns])

section("orm")
with Session(engine, future=True) as session:
    print(session.execute(sa.select(Author)).all(), session.query(Book).filter_by(author_id=3).count(), session.get(Author, 1))
    print(session.query(Book).join(Author).filter(Author.name.like("x%")).order_by(Book.id.desc()).limit(3).all())
    print(session.scalar(sa.select(Sequence("author_seq").next_value())), session.scalar(sa.func.nextval("author_seq")), session.scalar(sa.func.currval("author_seq")))

section("drop_all")
Base.metadata.drop_all(engine)
with engine.begin() as c:
    print(sa.inspect(c).get_table_names(), sa.inspect(c).get_sequence_names())
engine.dispose()
