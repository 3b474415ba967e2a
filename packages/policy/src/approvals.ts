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

/** A request with what was asked for: its caller, tool and arguments. */
export interface StoredApproval extends Approval {
  /** Equal for equal calls. */
  digest: string
  subject: ApprovalSubject
}

/** Where approvals are kept; see `openFourEyesStore`. Times are in seconds since the epoch. */
export interface ApprovalStore {
  /** Whether it was added: an equal call may wait only once. */
  add(approval: StoredApproval): Promise<boolean>
  find(id: string): Promise<StoredApproval | undefined>
  /** The request of an equal call that waits. */
  requested(digest: string, now: number): Promise<StoredApproval | undefined>
  waiting(now: number): Promise<StoredApproval[]>
  /** Whether this was the one who approved it first. */
  approve(id: string, by: string, expiresAt: number): Promise<boolean>
  /** Takes an approval for one call: nobody else gets it. */
  claim(digest: string, now: number): Promise<StoredApproval | undefined>
  /** Gives back what was claimed. */
  release(id: string): Promise<void>
  remove(id: string): Promise<void>
  /** @returns how many are left. */
  forgetExpired(now: number): Promise<number>
}

export interface ApprovalsOptions {
  store: ApprovalStore
  /** Seconds since the epoch. */
  clock: () => number
  /** How long a request, and then its approval, may be used. Default 900. */
  lifetimeSeconds?: number
  /** Whether this person may approve that call: as a rule, whether she may make it herself. */
  mayApprove: (approver: PolicyCaller, subject: ApprovalSubject) => boolean
  /** Puts every step on record, for the audit log; a step that it rejects does not happen. */
  onEvent: (event: ApprovalEvent) => Promise<void>
}

/** Four eyes: a call that needs a second person waits here until someone else approves that very call, once. */
export interface Approvals {
  request(subject: ApprovalSubject): Promise<Approval>
  /** @throws {ApprovalError} Not this person, or not any more. */
  approve(id: string, approver: PolicyCaller): Promise<Approval>
  /** Whether this call was approved; an approval serves one call and is gone. */
  use(subject: ApprovalSubject): Promise<boolean>
  waiting(): Promise<StoredApproval[]>
}

const longestQueue = 1000

export function createApprovals(options: ApprovalsOptions): Approvals {
  const { store, clock, lifetimeSeconds = 900, mayApprove, onEvent } = options

  async function checkedRequest(id: string, approver: PolicyCaller): Promise<StoredApproval> {
    const entry = await store.find(id)
    if (entry === undefined) throw new ApprovalError('unknown', 'no such request waits for approval')
    if (entry.expiresAt <= clock()) throw new ApprovalError('expired', 'the request has expired')
    if (entry.approvedBy !== undefined) throw new ApprovalError('already_approved', 'the request is approved already')
    if (approver.kind !== 'person') throw new ApprovalError('not_a_person', 'only a person can approve')
    if (identityOf(approver) === entry.requestedBy)
      throw new ApprovalError('own_request', 'someone else has to approve it')
    if (!mayApprove(approver, entry.subject)) throw new ApprovalError('not_allowed', 'you may not approve this call')
    return entry
  }

  return {
    async request(subject) {
      const left = await store.forgetExpired(clock())
      const digest = digestOf(subject)
      const known = await store.requested(digest, clock())
      if (known !== undefined) return view(known)
      if (left >= longestQueue) throw new ApprovalError('not_allowed', 'too many calls wait for approval')
      const requestedBy = identityOf(subject.caller)
      const expiresAt = clock() + lifetimeSeconds
      const { tool } = subject
      const entry = { id: randomUUID(), requestedBy, tool, expiresAt, approvedBy: undefined, digest, subject }
      await onEvent({ action: 'approval_requested', approval: view(entry), by: requestedBy })
      return view((await store.add(entry)) ? entry : ((await store.requested(digest, clock())) ?? entry))
    },
    async approve(id, approver) {
      const entry = await checkedRequest(id, approver)
      const by = identityOf(approver)
      const approved = { ...entry, approvedBy: by, expiresAt: clock() + lifetimeSeconds }
      await onEvent({ action: 'approval_given', approval: view(approved), by })
      // Time has passed, and somebody else may have been quicker.
      await checkedRequest(id, approver)
      if (!(await store.approve(id, by, approved.expiresAt)))
        throw new ApprovalError('already_approved', 'the request is approved already')
      return view(approved)
    },
    async use(subject) {
      const entry = await store.claim(digestOf(subject), clock())
      if (entry === undefined) return false
      try {
        await onEvent({ action: 'approval_used', approval: view(entry), by: entry.requestedBy })
      } catch (cause) {
        await store.release(entry.id)
        throw cause
      }
      await store.remove(entry.id)
      return true
    },
    waiting: () => store.waiting(clock()),
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
