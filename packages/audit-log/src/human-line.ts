import type { AuditEvent } from './audit-event.ts'

/**
 * An event as a sentence: `alice@company.com (Engineering) called delete_customer`.
 *
 * Derived from the event alone, on one line; control characters and marks that change the direction of text are
 * replaced, so that a name cannot forge a second line or hide a part of this one.
 */
export function humanLine(event: AuditEvent): string {
  const sentence = event.phase === 'security' ? securitySentence(event) : callSentence(event)
  return sentence.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}

type Sentence = (who: string, what: string, reason: string, often: string) => string

const callSentences: Readonly<Record<string, Sentence>> = {
  'decision allowed': (who, what) => `${who} called ${what}`,
  'decision refused': (who, what, reason, often) => `${who} was refused ${what}${often}${reason}`,
  'decision failed': (who, what, reason) => `${who} called ${what}, which could not be decided${reason}`,
  'outcome succeeded': (who, what) => `${what} called by ${who} succeeded`,
  'outcome allowed': (who, what) => `${what} called by ${who} succeeded`,
  'outcome refused': (who, what, reason) => `${what} called by ${who} was refused${reason}`,
  'outcome failed': (who, what, reason) => `${what} called by ${who} failed${reason}`,
}

function callSentence(event: AuditEvent): string {
  const sentence = callSentences[`${event.phase} ${event.outcome}`] ?? ((who, what) => `${who}: ${what}`)
  const { times = 1 } = event
  const often = times > 1 ? ` ${times} times` : ''
  return sentence(caller(event), event.tool ?? event.action, reasonOf(event), often)
}

/** What the person of the event did herself; everything else was done to her. */
const isActOf = /^(access_(review|grant)|approval|emergency)_/

function securitySentence(event: AuditEvent): string {
  const what = event.action.replaceAll('_', ' ')
  const isNamed = event.subject !== undefined || event.email !== undefined
  const about = isNamed ? ` ${isActOf.test(event.action) ? 'by' : 'for'} ${caller(event)}` : ''
  const failed = event.outcome === 'failed' || event.outcome === 'refused' ? ` ${event.outcome}` : ''
  return `${what}${failed}${about}${reasonOf(event)}`
}

function reasonOf({ reason }: AuditEvent): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`
}

function caller(event: AuditEvent): string {
  const actors = event.actors ?? []
  const through = actors.length === 0 ? '' : ` through ${actors.join(', then ')}`
  if (event.callerKind === 'service') return `service ${event.clientId ?? event.subject ?? 'unknown'}${through}`
  const who = event.email ?? event.name ?? event.subject ?? 'someone unknown'
  return `${who}${event.department === undefined ? '' : ` (${event.department})`}${through}`
}
