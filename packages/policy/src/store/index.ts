export { type FourEyesStore, openFourEyesStore } from './four-eyes-store.ts'
export { openSqlDatabase } from './open-sql-database.ts'
export { SharedStoreError, type SqlDatabase, type SqlSchema } from './sql-database.ts'
