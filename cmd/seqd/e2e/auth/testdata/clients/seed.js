// The program of the seed "permission denied for sequence": host port user password database.
const { Client } = require('pg');
const [host, port, user, pw, db] = process.argv.slice(2);
const client = new Client({ connectionString: `postgres://${user}:${pw}@${host}:${port}/${db}` });
client.connect();
client.query('SELECT nextval($1) AS id', ['descriptions_id_seq'])
  .then((res) => console.log(`${res.command} ${res.rowCount}: ${res.rows[0].id}`))
  .catch((err) => console.log(`There was an error! --> ${err.name} ${err.severity} ${err.code} ${err.message}`))
  .then(() => client.end());
