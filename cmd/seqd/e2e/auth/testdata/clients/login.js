// Logs in with node-postgres and takes a value: host port user password ca.
const fs = require('fs');
const { Client } = require('pg');
const [host, port, user, password, ca] = process.argv.slice(2);
const client = new Client({
  host, port: Number(port), user, password, database: 'postgres',
  ssl: { ca: fs.readFileSync(ca, 'utf8') }, // verifies the name too, as verify-full does
  enableChannelBinding: true,
});
client.connect()
  .then(() => client.query("SELECT nextval('s')"))
  .then((r) => { console.log(r.rows[0].nextval); return client.end(); })
  .catch((e) => { console.log(e.code + ' ' + e.message); process.exit(0); });
