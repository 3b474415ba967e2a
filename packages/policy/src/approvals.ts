import { hash, randomUUID } from 'node:crypto'
import type { PolicyCaller } from './caller.ts'

/** Exactly what is approved: the same caller, the same tool, the same arguments. */
export interface ApprovalSubject {
  caller: PolicyCaller
  tool: string
  arguments: Readonly<Record<string, unknown>>
}

export interface Approval {
  id: string
  requestedBy: string
  tool: string
  /** Seconds since the epoch. */
  expiresAt: number
  approvedBy: string | undefined
}

/** Why an approval was not taken. */
export class ApprovalError extends Error {
  readonly reason: 'unknown' | 'expired' | 'own_request' | 'not_a_person' | 'not_allowed' | 'already_approved'

  constructor(reason: ApprovalError['reason'], message: string) {
    super(message)
    this.name = 'ApprovalError'
    this.reason = reason
  }
}

export interface ApprovalEvent {
  action: 'approval_requested' | 'approval_given' | 'approval_used'
  approval: Approval
  by: string
}

export interface ApprovalsOptions {
  /** Seconds since the epoch. */
  clock: () => number
  /** How long a request, and then its approval, may be used. Default 900. */
  lifetimeSeconds?: number
  /** Whether this person may approve that call: as a rule, whether she may make it herself. */
  mayApprove: (approver: PolicyCaller, subject: ApprovalSubject) => boolean
  /** Told of every step, for the audit log; a step that it throws at does not happen. */
  onEvent: (event: ApprovalEvent) => void
}

/** Four eyes: a call that needs a second person waits here until someone else approves that very call, once. */
export interface Approvals {
  request(subject: ApprovalSubject): Approval
  /** @throws {ApprovalError} Not this person, or not any more. */
  approve(id: string, approver: PolicyCaller): Approval
  /** Whether this call was approved; an approval serves one call and is gone. */
  use(subject: ApprovalSubject): boolean
  waiting(): Approval[]
}

interface Pending extends Approval {
  digest: string
  subject: ApprovalSubject
}

const longestQueue = 1000

export function createApprovals(options: ApprovalsOptions): Approvals {
  const { clock, lifetimeSeconds = 900, mayApprove, onEvent } = options
  const pending = new Map<string, Pending>()

  function forgetExpired(): void {
    for (const [id, { expiresAt }] of pending) if (expiresAt <= clock()) pending.delete(id)
  }

  return {
    request(subject) {
      forgetExpired()
      const digest = digestOf(subject)
      const known = [...pending.values()].find((entry) => entry.digest === digest && entry.approvedBy === undefined)
      if (known !== undefined) return view(known)
      if (pending.size >= longestQueue) throw new ApprovalError('not_allowed', 'too many calls wait for approval')
      const requestedBy = identityOf(subject.caller)
      const expiresAt = clock() + lifetimeSeconds
      const entry = {
        id: randomUUID(),
        requestedBy,
        tool: subject.tool,
        expiresAt,
        approvedBy: undefined,
        digest,
        subject,
      }
      onEvent({ action: 'approval_requested', approval: view(entry), by: requestedBy })
      pending.set(entry.id, entry)
      return view(entry)
    },
    approve(id, approver) {
      const entry = pending.get(id)
      if (entry === undefined) throw new ApprovalError('unknown', 'no such request waits for approval')
      if (entry.expiresAt <= clock()) throw new ApprovalError('expired', 'the request has expired')
      if (entry.approvedBy !== undefined) throw new ApprovalError('already_approved', 'the request is approved already')
      if (approver.kind !== 'person') throw new ApprovalError('not_a_person', 'only a person can approve')
      const by = identityOf(approver)
      if (by === entry.requestedBy) throw new ApprovalError('own_request', 'someone else has to approve it')
      if (!mayApprove(approver, entry.subject)) throw new ApprovalError('not_allowed', 'you may not approve this call')
      const approved = { ...entry, approvedBy: by, expiresAt: clock() + lifetimeSeconds }
      onEvent({ action: 'approval_given', approval: view(approved), by })
      pending.set(id, approved)
      return view(approved)
    },
    use(subject) {
      forgetExpired()
      const digest = digestOf(subject)
      for (const [id, entry] of pending) {
        if (entry.digest !== digest || entry.approvedBy === undefined) continue
        onEvent({ action: 'approval_used', approval: view(entry), by: entry.requestedBy })
        pending.delete(id)
        return true
      }
      return false
    },
    waiting() {
      forgetExpired()
      return [...pending.values()].filter(({ approvedBy }) => approvedBy === undefined).map(view)
    },
  }
}

function view({ id, requestedBy, tool, expiresAt, approvedBy }: Approval): Approval {
  return { id, requestedBy, tool, expiresAt, approvedBy }
}

function identityOf({ issuer, subject }: PolicyCaller): string {
  return `${issuer} ${subject}`
}

function digestOf({ caller, tool, arguments: given }: ApprovalSubject): string {
  const members = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify([identityOf(caller), caller.kind, tool, members]), 'base64url')
}
