"""Django: migrate of the contrib apps' tables, introspection, inspectdb, sequence reset SQL, savepoints."""
import io, os, sys
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.sites", "django.contrib.admin",
                    "django.contrib.messages", "django.contrib.redirects", "django.contrib.flatpages"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"context_processors": [
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
        "django.template.context_processors.request"]}}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, TIME_ZONE="UTC", SITE_ID=1, SECRET_KEY="x")
django.setup()

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction, Error
from django.db.migrations.loader import MigrationLoader

def section(name):
    print("#", name)

def cause(e):
    c = e.__cause__
    return (type(e).__name__, getattr(c, "pgcode", None), c.diag.message_primary if c else None, c.diag.message_hint if c else None)

def failure(what, f):
    try:
        print(what, "no error", f())
    except Error as e:
        print(what, cause(e))

section("connect")
connection.ensure_connection()
print(connection.vendor, connection.pg_version, connection.timezone_name, connection.is_usable())
print({k: getattr(connection.features, k) for k in sorted(dir(connection.features)) if k.startswith(("supports_", "has_", "can_"))
       and isinstance(getattr(connection.features, k), (bool, int)) and k != "supports_transactions"})

section("sequences")
with connection.cursor() as c:
    c.execute("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2")
    c.execute("SELECT nextval(%s), currval(%s), lastval()", ["s", "s"])
    print(c.fetchone())
    c.execute("SELECT setval('s', %s, %s)", [100, False])
    print(c.fetchone())
    print(connection.ops.last_insert_id(c, "x", "y") if False else connection.queries_log.maxlen)

section("errors and transactions")
failure("unknown", lambda: connection.cursor().execute("SELECT nextval('nosuch')"))
try:
    with transaction.atomic():
        with connection.cursor() as c:
            c.execute("CREATE SEQUENCE gone")
            try:
                with transaction.atomic():
                    c.execute("SELECT nextval('nosuch')")
            except Error as e:
                print(cause(e))
            c.execute("SELECT nextval('gone')")
            print(c.fetchone())
        raise RuntimeError("back")
except RuntimeError as e:
    print(e)
failure("gone", lambda: connection.cursor().execute("SELECT nextval('gone')"))

section("migrations' own DDL")
# Every migration of the contrib apps, its schema operations one by one: RunPython ones
# write rows, as does the list of applied migrations.
from django.db.migrations.operations import RunPython
loader = MigrationLoader(connection)
print(loader.applied_migrations)
state = loader.project_state(())
plan = loader.graph._generate_plan(sorted(loader.graph.leaf_nodes()), True)
for key in plan:
    migration = loader.get_migration(*key)
    done, left = [], []
    with connection.schema_editor(atomic=migration.atomic) as editor:
        for operation in migration.operations:
            old = state.clone()
            operation.state_forwards(key[0], state)
            if isinstance(operation, RunPython):
                left.append("RunPython")
                continue
            operation.database_forwards(key[0], editor, old, state)
            done.append(type(operation).__name__)
    print(key, done, left)

section("introspection")
with connection.cursor() as c:
    intro = connection.introspection
    tables = intro.get_table_list(c)
    print(sorted((t.name, t.type) for t in tables))
    print(sorted(intro.table_names(c, include_views=True)))
    for t in sorted(tables):
        print(t.name)
        for col in intro.get_table_description(c, t.name):
            print("  column", tuple(col))
        print("  sequences", intro.get_sequences(c, t.name))
        print("  relations", sorted(intro.get_relations(c, t.name).items()))
        print("  key", intro.get_primary_key_column(c, t.name))
        for name, con in sorted(intro.get_constraints(c, t.name).items()):
            print("  constraint", name, sorted(con.items(), key=lambda kv: kv[0]))

section("inspectdb")
out = io.StringIO()
call_command("inspectdb", stdout=out)
print("\n".join("| " + line for line in out.getvalue().splitlines()))

section("sequence reset SQL")
for sql in connection.ops.sequence_reset_by_name_sql(no_style(), connection.introspection.sequence_list()):
    print(sql)
    with connection.cursor() as c:
        c.execute(sql)
        print(c.fetchone())
for app in ("auth", "admin", "sites"):
    out = io.StringIO()
    call_command("sqlsequencereset", app, stdout=out, no_color=True)
    print(out.getvalue())
    for sql in connection.ops.sequence_reset_sql(no_style(), apps.get_app_config(app).get_models(include_auto_created=True)):
        with connection.cursor() as c:
            c.execute(sql)
            print(c.fetchone())
print(sorted(connection.ops.sql_flush(no_style(), ["auth_user"], reset_sequences=True, allow_cascade=True)))
with connection.cursor() as c:
    for sql in connection.ops.sql_flush(no_style(), ["auth_user"], reset_sequences=True, allow_cascade=True):
        c.execute(sql)

section("queries of models")
from django.contrib.auth.models import User, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q, F, Max, Exists, OuterRef
print(User.objects.count(), list(User.objects.filter(groups__name="x").order_by("-id")[:5]), User.objects.exists())
print(list(User.objects.annotate(n=Count("groups")).filter(n__gt=1, last_login__year=2020).values("username", "n")))
print(User.objects.aggregate(Max("id")), list(Permission.objects.select_related("content_type").filter(Q(codename__icontains="a") | Q(name__regex="b"))))
print(list(User.objects.filter(Exists(Group.objects.filter(user=OuterRef("pk"))))), list(User.objects.values_list("id", "date_joined__date").distinct()))
print(list(User.objects.filter(id__in=[1, 2, 3]).union(User.objects.filter(username__startswith="z"))))
with transaction.atomic():
    print(list(User.objects.select_for_update().filter(pk=1)), list(User.objects.iterator()))
try:
    User.objects.get(pk=1)
except User.DoesNotExist as e:
    print(e)

section("flush and undo")
for key in reversed(plan):
    if key[0] == "redirects":
        print(key)
with connection.schema_editor() as editor:
    for name in ("redirects.Redirect", "flatpages.FlatPage", "admin.LogEntry"):
        editor.delete_model(apps.get_model(name))
with connection.cursor() as c:
    print(sorted(connection.introspection.table_names(c)))
connection.close()
