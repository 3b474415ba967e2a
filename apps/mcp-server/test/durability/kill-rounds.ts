import type { AuditRecord } from '@mcp-identity/audit-log'
import { type AnsweredCall, startCalls } from './audited-calls.ts'
import { type AuditedServer, createAuditedServer } from './audited-server.ts'

/** A server that has just started is slow at first. */
const paceOf = 1_000

export interface KillRound {
  /** Calls that were answered in full before the server was killed. */
  answered: number
  /** The pace at the kill: of the last {@link paceOf} answers, in each second. */
  callsPerSecond: number
  /** Answered calls without each of their records, with the person's address readable. */
  missing: AnsweredCall[]
  /** Records in the log as the killed server left it. */
  records: number
  /** Undefined: the log as it was left is intact. */
  problem: string | undefined
}

export interface KillOptions {
  kills: number
  /** Answers after which the server is killed, of each round another number. */
  answersOfRound: (round: number) => number
  callers?: number
  /** Told of each round. */
  onRound?: (round: KillRound, number: number) => void
}

/**
 * Starts the real server on one data folder, calls tools all the while, ends the process with SIGKILL, and examines
 * the log as it was left; again and again on the same folder.
 */
export async function killUnderLoad(options: KillOptions): Promise<KillRound[]> {
  const { kills, answersOfRound, callers = 64, onRound } = options
  const server = await createAuditedServer()
  try {
    const rounds: KillRound[] = []
    for (let number = 1, sequence = 0; number <= kills; number++) {
      const round = await killOnce(server, answersOfRound(number), callers, sequence)
      sequence = round.records
      rounds.push(round)
      onRound?.(round, number)
    }
    return rounds
  } finally {
    await server.remove()
  }
}

async function killOnce(server: AuditedServer, answers: number, callers: number, after: number): Promise<KillRound> {
  const running = await server.start()
  const answered: AnsweredCall[] = []
  const answeredAt: number[] = []
  const calls = startCalls({
    resource: server.resource,
    token: server.annasToken,
    callers,
    onAnswer(call) {
      answered.push(call)
      answeredAt.push(performance.now())
      if (answered.length === answers) running.child.kill('SIGKILL')
    },
  })
  try {
    // Callers end when their connection breaks.
    await calls.ended
  } finally {
    running.child.kill('SIGKILL')
    await running.exit
  }
  const written = await server.recordsAfter(after)
  const verification = await server.verify()
  return {
    answered: answered.length,
    callsPerSecond: paceAtEnd(answeredAt),
    missing: missingCalls(answered, written),
    records: after + written.length,
    problem: verification.intact ? undefined : verification.problem,
  }
}

function paceAtEnd(answeredAt: readonly number[]): number {
  const last = answeredAt.slice(-paceOf)
  return (last.length - 1) / (((last.at(-1) ?? 0) - (last[0] ?? 0)) / 1000)
}

/** Answered calls that do not have exactly the records that their answers promise. */
export function missingCalls(answered: readonly AnsweredCall[], written: readonly AuditRecord[]): AnsweredCall[] {
  const found = new Map<string, string[]>()
  for (const { event } of written) {
    const { traceparent = '', phase, outcome, tool, email = 'nobody' } = event
    found.set(traceparent, [...(found.get(traceparent) ?? []), `${tool} ${email} ${phase} ${outcome}`])
  }
  return answered.filter(({ traceparent, tool, records }) => {
    const promised = records.map((record) => `${tool} anna@company.com ${record}`)
    return promised.join() !== (found.get(traceparent) ?? []).slice(0, promised.length).join()
  })
}
