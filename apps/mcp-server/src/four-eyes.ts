import {
  type Approval,
  type ApprovalSubject,
  createApprovals,
  createBreakGlass,
  type DeniedDecision,
  type Emergency,
  type PolicyCaller,
  type PolicyContext,
  type PolicyDecision,
  type PolicyEngine,
  type PolicyResource,
} from '@mcp-identity/policy'
import type { FourEyesStore } from '@mcp-identity/policy/store'
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
   * the same call of the same person is allowed, once. Only such calls are waited for.
   */
  decide(call: DecidableCall): PolicyDecision | Promise<PolicyDecision>
  /** What else a decision about this caller depends on. */
  contextOf(caller: PolicyCaller): PolicyContext
  /** The calls that this person may approve. */
  waitingFor(approver: PolicyCaller): Promise<WaitingCall[]>
  /** @throws {ApprovalError} Not this person, or not any more. */
  approve(id: string, approver: PolicyCaller): Promise<Approval>
  /** @throws {TypeError} Not a person, or no justification of 10 to 500 characters. */
  declareEmergency(caller: PolicyCaller, justification: string): Promise<Emergency>
  endEmergency(caller: PolicyCaller): Promise<void>
}

export interface DecidableCall {
  caller: PolicyCaller
  tool: string
  arguments: Readonly<Record<string, unknown>>
  resource?: PolicyResource | undefined
}

export interface FourEyesParts {
  engine: PolicyEngine
  /** Where approvals and emergencies are kept. */
  store: FourEyesStore
  auditTrail: Pick<AuditTrail, 'record'>
  /** The record that a call of a tool acts on, as it is now. */
  recordOf: (tool: string, args: Readonly<Record<string, unknown>>) => PolicyResource | undefined
  /** Seconds since the epoch. Default: the system clock. */
  clock?: () => number
}

/** Every step is durable in the audit log before it counts, and in the store before it is answered. */
export function createFourEyes({
  engine,
  store,
  auditTrail,
  recordOf,
  clock = () => Date.now() / 1000,
}: FourEyesParts): FourEyes {
  const breakGlass = createBreakGlass({
    store,
    clock,
    onEvent: ({ action, emergency }) => noteEvent(action, emergency.declaredBy, { ...emergency }),
  })
  const approvals = createApprovals({
    store,
    clock,
    mayApprove,
    onEvent: ({ action, approval, by }) => noteEvent(action, by, { ...approval }),
  })

  async function noteEvent(action: string, who: string, details: Readonly<Record<string, unknown>>): Promise<void> {
    const [issuer = '', subject = ''] = who.split(' ')
    await auditTrail.record({ phase: 'security', action, outcome: 'succeeded', issuer, subject, details })
  }

  const contextOf = (caller: PolicyCaller): PolicyContext => ({ breakGlass: breakGlass.isOpenFor(caller) })

  function ask({ caller, tool, arguments: given, resource }: DecidableCall, approved: boolean): PolicyDecision {
    const context = { breakGlass: breakGlass.isOpenFor(caller), arguments: given, approved }
    return engine.decide(resource === undefined ? { caller, tool, context } : { caller, tool, context, resource })
  }

  function mayApprove(approver: PolicyCaller, { tool, arguments: given }: ApprovalSubject): boolean {
    const call = { caller: approver, tool, arguments: given, resource: recordOf(tool, given) }
    return ask(call, true).outcome === 'allowed'
  }

  function decide(call: DecidableCall): PolicyDecision | Promise<PolicyDecision> {
    const alone = ask(call, false)
    if (alone.outcome === 'allowed' || alone.reason !== 'policy') return alone
    const together = ask(call, true)
    return together.outcome === 'denied' ? alone : decideTogether(call, alone, together)
  }

  async function decideTogether(
    call: DecidableCall,
    alone: DeniedDecision,
    together: PolicyDecision,
  ): Promise<PolicyDecision> {
    const subject = { caller: call.caller, tool: call.tool, arguments: call.arguments }
    if (await approvals.use(subject)) return together
    const { id, expiresAt } = await approvals.request(subject)
    const until = new Date(expiresAt * 1000).toISOString()
    return { ...alone, explanation: `${alone.explanation} It waits as ${id} until ${until}.` }
  }

  async function waitingFor(approver: PolicyCaller): Promise<WaitingCall[]> {
    const waiting = await approvals.waiting()
    return waiting
      .filter(({ subject }) => mayApprove(approver, subject))
      .map(({ subject: { caller, arguments: given }, digest: _digest, ...approval }) => ({
        ...approval,
        requestedByName: caller.email ?? caller.name ?? caller.subject,
        arguments: given,
      }))
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
