import type { AuditQuery, AuditRecord } from '@mcp-identity/audit-log'
import { LogUnreadError, type ReadableLog } from '../audit-logs.ts'
import type { ErasedData } from '../erasures.ts'
import type { LogPage } from '../log-page.ts'
import type { ReplicaIdentity } from './replica-assertion.ts'
import type { Replica } from './replica-directory.ts'

/** What replicas ask each other, below `/replicas`: what is sent, and what comes back. */
export interface ReplicaQuestions {
  'audit-query': { ask: AuditQuery; answer: { records: AuditRecord[] } }
  'audit-page': { ask: Parameters<ReadableLog['page']>[0]; answer: LogPage }
  'audit-checkpoint': { ask: Record<string, never>; answer: { checkpoint: string; verifierKey: string } }
  /** Hashes in base64; null: there is no such record. */
  'audit-proof': {
    ask: { sequence: number }
    answer: { claim: { line: string; proof: string[]; checkpoint: string; verifierKey: string } | null }
  }
  /** Personal data that was erased here has to be erased there. */
  erasure: { ask: ErasedData; answer: Record<string, never> }
  /** Take what was used into the shared store now. */
  'tool-use': { ask: Record<string, never>; answer: Record<string, never> }
}

export type ReplicaQuestion = keyof ReplicaQuestions

/** A report reads a whole log; everything else is a page of it. */
const reportTimeoutMs = 30_000
const timeoutMs = 5_000

export type AskReplica = <Question extends ReplicaQuestion>(
  replica: Replica,
  question: Question,
  body: ReplicaQuestions[Question]['ask'],
) => Promise<ReplicaQuestions[Question]['answer']>

/** Asks in the name of this replica. Rejects with a {@link LogUnreadError} that says why there is no answer. */
export function createAskReplica(identity: ReplicaIdentity): AskReplica {
  return async ({ address }, question, body) => {
    const response = await fetch(new URL(`/replicas/${question}`, address), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await identity.assertionFor(address)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(question === 'audit-query' ? reportTimeoutMs : timeoutMs),
    }).catch((cause: unknown) => {
      throw new LogUnreadError(problemOf(cause), { cause })
    })
    if (!response.ok) throw new LogUnreadError(`the replica answers ${response.status}`)
    return (await response.json().catch((cause: unknown) => {
      throw new LogUnreadError(problemOf(cause), { cause })
    })) as never
  }
}

function problemOf(error: unknown): string {
  const { name, cause } = error as { name: string; cause?: { code?: string } }
  if (name === 'TimeoutError') return 'the replica does not answer in time'
  return cause?.code === undefined ? 'the replica cannot be reached' : `the replica cannot be reached (${cause.code})`
}

/** The log of another replica. */
export function remoteLog(replica: Replica, ask: AskReplica): ReadableLog {
  return {
    name: replica.name,
    query: async (query) => (await ask(replica, 'audit-query', query)).records,
    page: (parameters) => ask(replica, 'audit-page', parameters),
    checkpoint: () => ask(replica, 'audit-checkpoint', {}),
    async prove(sequence) {
      const { claim } = await ask(replica, 'audit-proof', { sequence })
      return claim === null ? undefined : { ...claim, proof: claim.proof.map((hash) => Buffer.from(hash, 'base64')) }
    },
  }
}
