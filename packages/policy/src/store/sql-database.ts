export type SqlValue = string | number | null

/** Statements that SQLite and PostgreSQL both understand; parameters are `$1`, `$2` and so on. */
export interface SqlSession {
  all<Row>(statement: string, ...values: SqlValue[]): Promise<Row[]>
  /** @returns how many rows it changed. */
  run(statement: string, ...values: SqlValue[]): Promise<number>
}

/** A database of our own in a file, or one that several replicas share. Each change is on disk when it resolves. */
export interface SqlDatabase extends SqlSession {
  /** Does all of the work or none of it, and nothing of another such work in between, whichever process asks. */
  transaction<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** A database that is shared cannot be reached. */
export class SharedStoreError extends Error {
  constructor(cause: unknown) {
    super('the shared database cannot be reached', { cause })
    this.name = 'SharedStoreError'
  }
}

/** The tables that one kind of store has in its database. */
export interface SqlSchema {
  name: string
  /**
   * Statements that take it one version further each, in words that SQLite and PostgreSQL both understand. Never
   * changed once released, only added to.
   */
  migrations: readonly string[]
}
