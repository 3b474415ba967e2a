import type { CutOffCause, Signal } from '../signal.ts'
import { cutOffCauses } from '../signal.ts'

/** A signal as a member of the sorted set of what stands, and its score. Who and why make the member; the time is the score. */
export interface StandingEntry {
  member: string
  /** Whole seconds since the epoch. */
  score: number
}

export function toStandingEntry(signal: Signal): StandingEntry {
  if (signal.kind === 'permissions_changed') {
    const { issuer, subject = null, group = null, changedAt } = signal
    return { member: JSON.stringify(['permissions', issuer, subject, group]), score: Math.floor(changedAt) }
  }
  const { issuer, subject = null, sessionId = null, tokenId = null, clientId = null, cause, notBefore } = signal
  const email = signal.email?.toLowerCase() ?? null
  const member = JSON.stringify(['cut_off', issuer, subject, sessionId, tokenId, clientId, email, cause])
  return { member, score: Math.floor(notBefore) }
}

/** @throws {TypeError} Not written by this package. */
export function fromStandingEntry(member: string, score: number): Signal {
  const [kind, ...values] = parse(member) as unknown[]
  const [issuer, ...names] = values.map((value) => (typeof value === 'string' ? value : undefined))
  if (typeof issuer !== 'string' || !Number.isFinite(score)) throw unreadable()
  if (kind === 'permissions') {
    const [subject, group] = names
    return { kind: 'permissions_changed', issuer, subject, group, changedAt: score }
  }
  if (kind !== 'cut_off' || values.length !== 7) throw unreadable()
  const [subject, sessionId, tokenId, clientId, email, cause] = names
  return toCutOff({ issuer, subject, sessionId, tokenId, clientId, email, cause, notBefore: score })
}

export function writeSignals(signals: readonly Signal[]): string {
  return JSON.stringify(signals)
}

/** @throws {TypeError} Not written by this package. */
export function readSignals(text: string): Signal[] {
  const list = parse(text)
  if (!Array.isArray(list)) throw unreadable()
  return list.map(readSignal)
}

function readSignal(value: unknown): Signal {
  if (typeof value !== 'object' || value === null) throw unreadable()
  const members = value as Record<string, unknown>
  const { kind, issuer, changedAt, notBefore, receivedAt } = members
  if (typeof issuer !== 'string' || issuer === '') throw unreadable()
  const name = (member: string): string | undefined => {
    const given = members[member]
    if (given !== undefined && (typeof given !== 'string' || given === '')) throw unreadable()
    return given
  }
  if (kind === 'permissions_changed' && isTime(changedAt))
    return { kind, issuer, subject: name('subject'), group: name('group'), changedAt }
  if (kind !== 'cut_off' || !isTime(notBefore)) throw unreadable()
  return {
    ...toCutOff({
      issuer,
      subject: name('subject'),
      sessionId: name('sessionId'),
      tokenId: name('tokenId'),
      clientId: name('clientId'),
      email: name('email'),
      cause: name('cause'),
      notBefore,
    }),
    ...(isTime(receivedAt) ? { receivedAt } : {}),
  }
}

interface CutOffMembers extends Record<'subject' | 'sessionId' | 'tokenId' | 'clientId' | 'email', string | undefined> {
  issuer: string
  cause: string | undefined
  notBefore: number
}

/** A cause that a newer replica knows and this one does not ends the token just the same. */
function toCutOff({ cause, ...members }: CutOffMembers): Signal & { kind: 'cut_off' } {
  const known = cutOffCauses.find((one): one is CutOffCause => one === cause)
  return { kind: 'cut_off', ...members, cause: known ?? 'session_revoked' }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable()
  }
}

function unreadable(): TypeError {
  return new TypeError('the store holds a signal that this version cannot read; bring all replicas to one version')
}
