import { openPostgresDatabase } from './postgres-database.ts'
import type { SqlDatabase, SqlSchema } from './sql-database.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

/**
 * Opens a database and brings its tables to the newest version.
 *
 * @param place A file of SQLite, made when it is not there; `:memory:`, which keeps nothing; or `postgres://…`.
 * @throws {Error} It cannot be opened or reached, is no database, or was written by a newer version.
 */
export function openSqlDatabase(place: string, schema: SqlSchema): Promise<SqlDatabase> {
  return /^postgres(ql)?:\/\//.test(place) ? openPostgresDatabase(place, schema) : openSqliteDatabase(place, schema)
}
