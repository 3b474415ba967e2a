import type { Erasure } from '@mcp-identity/audit-log'
import { present } from '../audit-events.ts'
import { type AuditLogs, onlyLog, type ReadableLog, readEach, type UnreadLog } from '../audit-logs.ts'
import { createAskReplica, remoteLog } from './ask-replica.ts'
import { createReplicaIdentity, verifyReplicaAssertion } from './replica-assertion.ts'
import type { ReplicaConfig } from './replica-config.ts'
import { openReplicaDirectory, type Replica } from './replica-directory.ts'

/** The other replicas, as this one sees them. */
export interface Replicas {
  /** Name of this one, and of its log. */
  readonly name: string
  /** All logs, with this replica's own. */
  logs(own: ReadableLog): AuditLogs
  /** Which replica a request comes from; undefined when it comes from somebody else. */
  whoAsks(assertion: string): Promise<string | undefined>
  /** Erases the same person's or months' data everywhere. @returns who could not be told. */
  erase(erasure: Erasure): Promise<UnreadLog[]>
  /** Has all of them take what was used into the shared store. @returns who could not be asked. */
  takeInUse(): Promise<UnreadLog[]>
  close(): Promise<void>
}

/** Name of a server that is on its own, and of its log. */
export const soleName = 'mcp-server'

/** @throws {Error} The store that replicas share cannot be reached. */
export async function joinReplicas(config: ReplicaConfig | undefined): Promise<Replicas> {
  if (config === undefined) return alone
  const { name, address, directory: place } = config
  const identity = await createReplicaIdentity(name)
  const ask = createAskReplica(identity)
  const directory = await openReplicaDirectory(place, { name, address, publicKey: identity.publicKey })

  async function find(): Promise<{ replicas: readonly Replica[]; unread: UnreadLog[] }> {
    const { replicas, problem } = await directory.others()
    return { replicas, unread: problem === undefined ? [] : [{ log: null, problem }] }
  }

  async function tellAll(tell: (replica: Replica) => Promise<unknown>): Promise<UnreadLog[]> {
    const { replicas, unread } = await find()
    return (await readEach(replicas, tell, unread)).unread
  }

  return {
    name,
    logs: (own) => ({
      own,
      async others() {
        const { replicas, unread } = await find()
        return { logs: replicas.map((replica) => remoteLog(replica, ask)), unread }
      },
    }),
    whoAsks: (assertion) => verifyReplicaAssertion(assertion, address, directory.find),
    erase: ({ subject, beforeMonth }) =>
      tellAll((replica) => ask(replica, 'erasure', present({ subject, beforeMonth }))),
    takeInUse: () => tellAll((replica) => ask(replica, 'tool-use', {})),
    close: directory.close,
  }
}

/** Of a server that is on its own. */
export const alone: Replicas = {
  name: soleName,
  logs: onlyLog,
  whoAsks: async () => undefined,
  erase: async () => [],
  takeInUse: async () => [],
  close: async () => {},
}
