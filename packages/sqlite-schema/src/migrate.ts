import type { Database } from 'better-sqlite3'

/**
 * Brings a database to the newest version of its schema, in one transaction. `PRAGMA user_version` says which one it has; 0
 * before the first.
 *
 * @param migrations SQL that takes the schema one version further each. Never changed once released, only added to.
 * @throws {Error} A newer version has written it, or a migration failed; the database is as it was.
 */
export function migrate(database: Database, migrations: readonly string[]): void {
  database
    .transaction(() => {
      const version = Number(database.pragma('user_version', { simple: true }))
      if (version > migrations.length) {
        throw new Error(
          `${database.name} was written by a newer version (schema ${version}, known here: ${migrations.length}); start that version`,
        )
      }
      for (const migration of migrations.slice(version)) database.exec(migration)
      database.pragma(`user_version = ${migrations.length}`)
    })
    .immediate()
}
