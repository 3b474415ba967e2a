import {
  type Approval,
  type ApprovalSubject,
  createApprovals,
  createBreakGlass,
  type Emergency,
  type PolicyCaller,
  type PolicyContext,
  type PolicyDecision,
  type PolicyEngine,
  type PolicyResource,
} from '@mcp-identity/policy'
import type { AuditTrail } from './audit-trail.ts'

/** A call that waits for a second person, with what that person has to know of it. */
export interface WaitingCall extends Approval {
  /** Name or address of who asks. */
  requestedByName: string
  arguments: Readonly<Record<string, unknown>>
}

/** Decides calls, with a second person where policies ask for one, and with emergencies that people declare. */
export interface FourEyes {
  /**
   * Decides one call. A call that lacks nothing but a second person is put down to wait and is refused; once approved,
   * the same call of the same person is allowed, once.
   */
  decide(call: DecidableCall): PolicyDecision
  /** What else a decision about this caller depends on. */
  contextOf(caller: PolicyCaller): PolicyContext
  /** The calls that this person may approve. */
  waitingFor(approver: PolicyCaller): WaitingCall[]
  /** @throws {ApprovalError} Not this person, or not any more. */
  approve(id: string, approver: PolicyCaller): Approval
  /** @throws {TypeError} Not a person, or no justification of 10 to 500 characters. */
  declareEmergency(caller: PolicyCaller, justification: string): Emergency
  endEmergency(caller: PolicyCaller): void
}

export interface DecidableCall {
  caller: PolicyCaller
  tool: string
  arguments: Readonly<Record<string, unknown>>
  resource?: PolicyResource | undefined
}

export interface FourEyesParts {
  engine: PolicyEngine
  auditTrail: Pick<AuditTrail, 'note'>
  /** The record that a call of a tool acts on, as it is now. */
  recordOf: (tool: string, args: Readonly<Record<string, unknown>>) => PolicyResource | undefined
  /** Seconds since the epoch. Default: the system clock. */
  clock?: () => number
}

/** Approvals and emergencies live in memory: a restart forgets them, and they have to be asked for again. */
export function createFourEyes({
  engine,
  auditTrail,
  recordOf,
  clock = () => Date.now() / 1000,
}: FourEyesParts): FourEyes {
  const subjects = new Map<string, ApprovalSubject>()
  const breakGlass = createBreakGlass({
    clock,
    onEvent: ({ action, emergency }) => noteEvent(action, emergency.declaredBy, { ...emergency }),
  })
  const approvals = createApprovals({
    clock,
    mayApprove,
    onEvent: ({ action, approval, by }) => noteEvent(action, by, { ...approval }),
  })

  function noteEvent(action: string, who: string, details: Readonly<Record<string, unknown>>): void {
    const [issuer = '', subject = ''] = who.split(' ')
    auditTrail.note({ phase: 'security', action, outcome: 'succeeded', issuer, subject, details })
  }

  const contextOf = (caller: PolicyCaller): PolicyContext => ({ breakGlass: breakGlass.isOpenFor(caller) })

  function ask({ caller, tool, arguments: given, resource }: DecidableCall, approved: boolean): PolicyDecision {
    const context = { ...contextOf(caller), arguments: given, approved }
    return engine.decide({ caller, tool, context, ...(resource === undefined ? {} : { resource }) })
  }

  function mayApprove(approver: PolicyCaller, { tool, arguments: given }: ApprovalSubject): boolean {
    const call = { caller: approver, tool, arguments: given, resource: recordOf(tool, given) }
    return ask(call, true).outcome === 'allowed'
  }

  function decide(call: DecidableCall): PolicyDecision {
    const alone = ask(call, false)
    if (alone.outcome === 'allowed' || alone.reason !== 'policy') return alone
    const together = ask(call, true)
    if (together.outcome === 'denied') return alone
    const subject = { caller: call.caller, tool: call.tool, arguments: call.arguments }
    if (approvals.use(subject)) return together
    const { id, expiresAt } = approvals.request(subject)
    subjects.set(id, subject)
    const until = new Date(expiresAt * 1000).toISOString()
    return { ...alone, explanation: `${alone.explanation} It waits as ${id} until ${until}.` }
  }

  function waitingFor(approver: PolicyCaller): WaitingCall[] {
    const waiting = approvals.waiting()
    const ids = new Set(waiting.map(({ id }) => id))
    for (const id of subjects.keys()) if (!ids.has(id)) subjects.delete(id)
    return waiting.flatMap((approval) => {
      const subject = subjects.get(approval.id)
      if (subject === undefined || !mayApprove(approver, subject)) return []
      const { caller } = subject
      return [
        { ...approval, requestedByName: caller.email ?? caller.name ?? caller.subject, arguments: subject.arguments },
      ]
    })
  }

  return {
    decide,
    contextOf,
    waitingFor,
    approve: approvals.approve,
    declareEmergency: breakGlass.declare,
    endEmergency: breakGlass.end,
  }
}
