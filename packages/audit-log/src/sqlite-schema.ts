/** Tables of a log in SQLite; nothing else may be in the database, a trigger least of all. */
export const sqliteSchema: Readonly<Record<string, string>> = {
  record: 'CREATE TABLE record (sequence INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT',
  head: 'CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, hash TEXT NOT NULL) STRICT',
}
