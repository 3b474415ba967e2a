import { Client } from 'pg'
import { AuditLogError } from './audit-errors.ts'
import { type AuditReader, type AuditStore, mustFollow } from './audit-store.ts'
import { inTurn } from './in-turn.ts'
import type { LogHead } from './log-head.ts'
import { firstPrevious, headOfLine } from './record-line.ts'
import { lastLineOf, readsOfRows, rowsOf, type StoredRow } from './record-rows.ts'

const schema = `
  CREATE TABLE IF NOT EXISTS audit_record (sequence bigint PRIMARY KEY, line text NOT NULL);
  CREATE TABLE IF NOT EXISTS audit_head (one integer PRIMARY KEY CHECK (one = 1), sequence bigint NOT NULL, hash text NOT NULL);`

/** The lines of rows, with an empty one between rows, their sequences, and the new head: one statement, so one transaction. */
const appendRecords = `
  WITH head AS (
    INSERT INTO audit_head VALUES (1, $3, $4)
    ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash
  )
  INSERT INTO audit_record
  SELECT ($2::bigint[])[place], lines FROM unnest(string_to_array($1, E'\\n\\n')) WITH ORDINALITY AS given (lines, place)`

/**
 * Opens a log in PostgreSQL, for writing; tables `audit_record` and `audit_head` are made when they are not there.
 *
 * An advisory lock of the session makes this the only writer. A connection that broke is opened anew by the next
 * append, which then takes the lock again and looks whether its last group was committed.
 *
 * @throws {AuditLogError} Another writer has the log, or its newest record was changed.
 */
export async function openPostgresStore(connectionString: string): Promise<AuditStore> {
  const reader = await openPostgresReader(connectionString)
  let writer: Client | undefined
  let head: LogHead
  let remembered: LogHead | undefined
  const oneByOne = inTurn()

  async function connectWriter(): Promise<Client> {
    const client = await connect(connectionString)
    try {
      await client.query('SET synchronous_commit = on')
      const lock = await client.query<{ locked: boolean }>(
        "SELECT pg_try_advisory_lock(hashtext('audit_record')) AS locked",
      )
      if (lock.rows[0]?.locked !== true) throw new AuditLogError('the audit log is being written by another process')
      return client
    } catch (cause) {
      await client.end().catch(() => {})
      throw cause
    }
  }

  async function reconnect(): Promise<Client> {
    const client = await connectWriter()
    const found = await newestRecord(client)
    if (found.sequence !== head.sequence || found.hash !== head.hash) {
      // The answer to the last commit was lost: those records were refused, so they must not stay.
      const undone = await client.query('DELETE FROM audit_record WHERE sequence > $1', [head.sequence])
      await client.query('UPDATE audit_head SET sequence = $1, hash = $2', [head.sequence, head.hash])
      const kept = await newestRecord(client)
      if (undone.rowCount === 0 || kept.hash !== head.hash)
        throw new AuditLogError('another process wrote to the audit log')
    }
    return client
  }

  try {
    writer = await connectWriter()
    await writer.query(schema)
    head = await newestRecord(writer)
    remembered = await reader.rememberedHead()
  } catch (cause) {
    await Promise.all([reader.close(), writer?.end()])
    throw cause
  }

  return {
    ...reader,
    rememberedHead: () => Promise.resolve(remembered),
    get head() {
      return head
    },
    groupsAtOnce: 2,
    tornBytes: 0,
    append: (lines, newHead) =>
      oneByOne(async () => {
        mustFollow(head.sequence, lines.length, newHead)
        const client = writer ?? (await reconnect())
        writer = undefined
        const rows = rowsOf(lines, newHead.sequence)
        const [texts, sequences] = [rows.map((row) => row.lines), rows.map(({ sequence }) => sequence)]
        const values = [texts.join('\n\n'), sequences, newHead.sequence, newHead.hash]
        await client.query({ name: 'append', text: appendRecords, values }).catch(abandon(client))
        head = newHead
        writer = client
      }),
    async close() {
      await Promise.all([reader.close(), writer?.end()])
    },
  }
}

/** After an error the connection is given up, and with it the transaction and the lock. */
function abandon(client: Client): (cause: unknown) => Promise<never> {
  return async (cause) => {
    await client.end().catch(() => {})
    throw cause
  }
}

/** Opens a log in PostgreSQL for reading. */
export async function openPostgresReader(connectionString: string): Promise<AuditReader> {
  let client = await connect(connectionString)

  async function read<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await client.query<Row>(text, values)).rows
    } catch (cause) {
      if (!isConnectionLost(cause)) throw cause
      client = await connect(connectionString)
      return (await client.query<Row>(text, values)).rows
    }
  }

  async function rowsWhere(which: string, sequence: number, limit: number): Promise<StoredRow[]> {
    const text = `
      SELECT sequence::text AS sequence, convert_to(line, 'UTF8') AS bytes
      FROM audit_record WHERE ${which} LIMIT $2`
    const rows = await read<{ sequence: string; bytes: Buffer }>(text, [sequence, limit])
    return rows.map((row) => ({ sequence: Number(row.sequence), bytes: row.bytes }))
  }

  return {
    ...readsOfRows({
      after: (sequence, limit) => rowsWhere('sequence > $1 ORDER BY audit_record.sequence', sequence, limit),
      before: (sequence, limit) => rowsWhere('sequence < $1 ORDER BY audit_record.sequence DESC', sequence, limit),
    }),
    async rememberedHead() {
      const exists = await read<{ found: string | null }>("SELECT to_regclass('audit_head')::text AS found", [])
      if (exists[0]?.found === null) return undefined
      const [row] = await read<{ sequence: string; hash: string }>(
        'SELECT sequence::text AS sequence, hash FROM audit_head',
        [],
      )
      return row === undefined ? undefined : { sequence: Number(row.sequence), hash: row.hash }
    },
    close: () => client.end(),
  }
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000, query_timeout: 10_000, keepAlive: true })
  // A connection that breaks while idle is noticed by the next query; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  return client
}

function isConnectionLost(cause: unknown): boolean {
  const { code, message } = cause as { code?: string; message?: string }
  return ['ECONNRESET', 'EPIPE', '57P01'].includes(code ?? '') || /connection|not queryable/i.test(message ?? '')
}

async function newestRecord(client: Client): Promise<LogHead> {
  const text = "SELECT convert_to(line, 'UTF8') AS bytes FROM audit_record ORDER BY sequence DESC LIMIT 1"
  const { rows } = await client.query<{ bytes: Buffer }>(text)
  const [row] = rows
  if (row === undefined) return { sequence: 0, hash: firstPrevious }
  const head = headOfLine(lastLineOf(row.bytes))
  if (head === undefined) throw new AuditLogError('the newest record of the audit log was changed; run the verifier')
  return head
}
