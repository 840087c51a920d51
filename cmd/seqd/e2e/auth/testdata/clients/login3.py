# Logs in with psycopg 3 and takes a value: host port user password ca.
import sys
import psycopg

host, port, user, password, ca = sys.argv[1:]
try:
    conn = psycopg.connect(host=host, port=port, user=user, password=password, dbname="postgres",
                           sslmode="verify-full", sslrootcert=ca, channel_binding="require")
except psycopg.OperationalError as e:
    print(str(e).strip())
else:
    with conn.cursor() as cursor:
        cursor.execute("SELECT nextval('s')")
        print(cursor.fetchone()[0])
