import { openSqlDatabase, SharedStoreError, type SqlSchema } from '@mcp-identity/policy/store'
import type { JWK } from 'jose'

/** A replica as the others know it. */
export interface Replica {
  name: string
  /** Where it answers other replicas. */
  address: string
  /** Verifies what it says. It begins with a new one. */
  publicKey: JWK
}

/** Which replicas there are, and were: one that is gone had records too, so that nobody is forgotten by itself. */
export interface ReplicaDirectory {
  /** The others, as of the last seconds; with a problem some may be missing. */
  others(): Promise<{ replicas: readonly Replica[]; problem?: string }>
  /** The replica of a name, looked up anew when its key is not the one that is known. */
  find(name: string, keyId: string): Promise<Replica | undefined>
  close(): Promise<void>
}

const schema: SqlSchema = {
  name: 'replicas',
  migrations: ['CREATE TABLE replica (name TEXT PRIMARY KEY, address TEXT NOT NULL, public_key TEXT NOT NULL);'],
}

const rememberedMs = 2_000
/** Whoever sends nonsense must not make us ask the store each time. */
const lookAgainMs = 500

/**
 * Writes this replica into the store that all share, and opens what is known there of the others.
 *
 * @param place As for `openSqlDatabase`.
 * @throws {Error} The store cannot be reached.
 */
export async function openReplicaDirectory(place: string, self: Replica): Promise<ReplicaDirectory> {
  const database = await openSqlDatabase(place, schema)
  let known: readonly Replica[] = []
  let askedAt = Number.NEGATIVE_INFINITY
  let problem: string | undefined
  let asking: Promise<void> | undefined

  await database.run(
    `INSERT INTO replica (name, address, public_key) VALUES ($1, $2, $3)
      ON CONFLICT (name) DO UPDATE SET address = excluded.address, public_key = excluded.public_key`,
    self.name,
    self.address,
    JSON.stringify(self.publicKey),
  )

  async function ask(): Promise<void> {
    const select = 'SELECT name, address, public_key FROM replica ORDER BY name'
    try {
      const rows = await database.all<{ name: string; address: string; public_key: string }>(select)
      const all = rows.map(({ name, address, public_key: key }) => ({ name, address, publicKey: JSON.parse(key) }))
      const own = all.find(({ name }) => name === self.name)
      known = all.filter((replica) => replica !== own)
      problem = own?.publicKey.kid === self.publicKey.kid ? undefined : `another replica has the name ${self.name}, too`
    } catch (error) {
      if (!(error instanceof SharedStoreError)) throw error
      problem = 'the store that replicas share does not say which there are'
    }
    askedAt = performance.now()
  }

  /** @param olderThanMs Asks again when the last answer is older. */
  async function refresh(olderThanMs: number): Promise<void> {
    if (performance.now() - askedAt < olderThanMs) return
    asking ??= ask().finally(() => {
      asking = undefined
    })
    await asking
  }

  return {
    async others() {
      await refresh(problem === undefined ? rememberedMs : 0)
      return { replicas: known, ...(problem === undefined ? {} : { problem }) }
    },
    async find(name, keyId) {
      const found = () => known.find((one) => one.name === name && one.publicKey.kid === keyId)
      if (found() === undefined) await refresh(lookAgainMs)
      return found()
    },
    close: () => database.close(),
  }
}
