import type { AccessEnded, AccessGivenBack, Call, Fault, HistoryEntry, TokenIssued } from './history.ts'

/** Which rule a call broke. */
export type Rule = 'allowed_after_denial' | 'allowed_after_bound' | 'revived' | 'harmed'

export interface Violation {
  rule: Rule
  /** For a person to read. */
  what: string
  call: Call
}

export interface CheckOptions {
  /** How long after the answer to who ended the access a replica may go on allowing, in milliseconds. */
  boundMs: number
  /** The same for ways out that are told in another way, by their names. */
  boundMsOf?: Readonly<Record<string, number>>
}

/**
 * Holds a history against the rules of a revocation:
 *
 * - `allowed_after_denial`: a replica that denied a token never allows it again.
 * - `allowed_after_bound`: no replica allows what was ended longer ago than the bound.
 * - `revived`: nor does it after the person was enabled again; her old token stays dead.
 * - `harmed`: whoever's access did not end is allowed, but for a fault that excuses the answer.
 *
 * Judges by what was certain: a call counts as after something when it began after that had been answered, and as before
 * it when it ended before that had begun.
 *
 * @throws {TypeError} A call names a token that the history does not know.
 */
export function checkHistory(history: readonly HistoryEntry[], { boundMs, boundMsOf = {} }: CheckOptions): Violation[] {
  const index = indexOf(history)
  return index.calls.flatMap((call) => {
    const token = index.tokens.get(call.token)
    if (token === undefined) throw new TypeError(`the history does not know the token ${call.token}`)
    const told = call.answer === 'allowed' ? allowedWrongly(call, token) : harmed(call, token)
    return told === undefined ? [] : [{ ...told, call }]
  })

  function allowedWrongly(call: Call, token: TokenIssued): Omit<Violation, 'call'> | undefined {
    const deniedAt = index.firstDenial.get(denialKey(call))
    const which = `${token.person}'s token ${token.token} at replica ${call.replica}`
    if (deniedAt !== undefined && deniedAt < call.startedAt)
      return { rule: 'allowed_after_denial', what: `${which} was denied ${ago(call, deniedAt)} before` }
    const end = index.endsOf(token).find((ended) => concerns(ended, token, call) && isOver(ended, token, call))
    if (end === undefined) return undefined
    const isGivenBack = index.givenBack(token.person, end).some(({ startedAt }) => startedAt < call.startedAt)
    return {
      rule: isGivenBack && end.what !== 'permission' ? 'revived' : 'allowed_after_bound',
      what: `${which} ended by ${end.by} ${ago(call, end.answeredAt)} before`,
    }
  }

  /** Whether the call began after the bound, and no later than the permission may have come back. */
  function isOver(ended: AccessEnded, token: TokenIssued, call: Call): boolean {
    if (call.startedAt <= ended.answeredAt + (boundMsOf[ended.by] ?? boundMs)) return false
    if (ended.what !== 'permission') return token.receivedAt <= ended.startedAt
    return !index.givenBack(token.person, ended).some(({ startedAt }) => startedAt < call.endedAt)
  }

  function harmed(call: Call, token: TokenIssued): Omit<Violation, 'call'> | undefined {
    if (index.faults.some((fault) => mayAnswer(fault, call))) return undefined
    const isExcused = index.endsOf(token).some((ended) => excuses(ended, token, call))
    if (isExcused) return undefined
    const detail = call.detail === undefined ? '' : `: ${call.detail}`
    return { rule: 'harmed', what: `${token.person} was ${call.answer} at replica ${call.replica}${detail}` }
  }

  /** Whether this end may be why a call was refused. */
  function excuses(ended: AccessEnded, token: TokenIssued, call: Call): boolean {
    if (!concerns(ended, token, call) || ended.startedAt > call.endedAt) return false
    const back = index.givenBack(token.person, ended)[0]
    if (ended.what === 'permission') {
      if (call.answer !== 'forbidden') return false
      // A token that was asked for meanwhile lacks the scope for good.
      const settled = back === undefined ? Number.POSITIVE_INFINITY : back.answeredAt
      const isIssuedMeanwhile = token.receivedAt > ended.startedAt && token.requestedAt < settled
      return call.startedAt <= settled + boundMs || isIssuedMeanwhile
    }
    if (call.answer !== 'denied') return false
    return back === undefined || token.requestedAt < back.answeredAt
  }
}

/** Whether a fault may be why a call was answered as it was. */
function mayAnswer(fault: Fault, call: Call): boolean {
  const isThere = fault.replica === undefined || fault.replica === call.replica
  return isThere && fault.mayAnswer.includes(call.answer) && fault.from <= call.endedAt && call.startedAt <= fault.until
}

/** Whether what ended is what the call asks for. */
function concerns(ended: AccessEnded, token: TokenIssued, call: Call): boolean {
  if (ended.what === 'token') return ended.token === token.token
  return ended.what === 'tokens' || call.needs === 'permission'
}

function indexOf(history: readonly HistoryEntry[]) {
  const of = <Kind extends HistoryEntry['kind']>(kind: Kind) =>
    history.filter((entry): entry is Extract<HistoryEntry, { kind: Kind }> => entry.kind === kind)
  const calls = of('call')
  const tokens = new Map(of('token').map((token): [string, TokenIssued] => [token.token, token]))
  const ends = groupByPerson(of('ended'))
  const returns = groupByPerson(of('given_back'))
  const faults: Fault[] = of('fault')
  const firstDenial = new Map<string, number>()
  for (const call of calls) {
    // A wrong clock denies for a while, and says nothing about the token.
    if (call.answer !== 'denied' || faults.some((fault) => mayAnswer(fault, call))) continue
    const known = firstDenial.get(denialKey(call)) ?? Number.POSITIVE_INFINITY
    firstDenial.set(denialKey(call), Math.min(known, call.endedAt))
  }
  return {
    calls,
    tokens,
    faults,
    firstDenial,
    endsOf: (token: TokenIssued): AccessEnded[] => ends.get(token.person) ?? [],
    /** Every time that this end was taken back, earliest first. */
    givenBack: (person: string, ended: AccessEnded): AccessGivenBack[] =>
      (returns.get(person) ?? [])
        .filter(({ what, startedAt }) => what === ended.what && startedAt >= ended.startedAt)
        .toSorted((one, other) => one.startedAt - other.startedAt),
  }
}

function groupByPerson<Entry extends { person: string }>(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) groups.set(entry.person, [...(groups.get(entry.person) ?? []), entry])
  return groups
}

function denialKey({ replica, token }: Call): string {
  return `${replica} ${token}`
}

function ago(call: Call, at: number): string {
  return `${Math.round(call.startedAt - at)} ms`
}
