# Logs in with psycopg 2 and takes a value: host port user password ca.
import sys
import psycopg2

host, port, user, password, ca = sys.argv[1:]
try:
    conn = psycopg2.connect(host=host, port=port, user=user, password=password, dbname="postgres",
                            sslmode="verify-full", sslrootcert=ca, channel_binding="require")
except psycopg2.OperationalError as e:
    print(str(e).strip())
else:
    with conn.cursor() as cursor:
        cursor.execute("SELECT nextval('s')")
        print(cursor.fetchone()[0])
