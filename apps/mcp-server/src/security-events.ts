import type { PolicyReload, ShadowDifference } from '@mcp-identity/policy'
import type { FeedState, Signal } from '@mcp-identity/shared-signals'
import type { KeySetChange } from '@mcp-identity/token-verifier'
import type { Logger } from 'pino'
import { present } from './audit-events.ts'
import type { AuditTrail } from './audit-trail.ts'

/** What happened beside calls, put on record for whoever asks later why something was refused. */
export interface SecurityEvents {
  /** From the moment in which a feed is behind, calls are refused. */
  feedState(state: FeedState): void
  /** A signal that changed something. @param endedCalls How many calls and streams it ended. */
  signalTaken(signal: Signal, endedCalls: number): void
  policiesReloaded(reload: PolicyReload): void
  /** The candidate policies would have decided otherwise. */
  shadowDiffers(difference: ShadowDifference): void
  /** Keys that an issuer signs with come and go; who can add one can make tokens. */
  keysRotated(change: KeySetChange): void
}

/** What a signal may name beside a subject. */
const noNames: { sessionId?: string | undefined; tokenId?: string | undefined; clientId?: string | undefined } = {}

export function createSecurityEvents(auditTrail: AuditTrail, logger: Logger): SecurityEvents {
  /** Those told as stale. A feed that has not begun yet is no news. */
  const staleFeeds = new Set<string>()

  return {
    feedState(state) {
      logger[state.stale ? 'warn' : 'info']({ feed: state }, 'signal feed')
      const feed = `${state.feed} ${state.issuer}`
      const hasNotBegun = state.lastSuccessAt === undefined && state.error === undefined
      if (hasNotBegun || staleFeeds.has(feed) === state.stale) return
      if (state.stale) staleFeeds.add(feed)
      else staleFeeds.delete(feed)
      auditTrail.note(() => ({
        phase: 'security',
        action: state.stale ? 'signal_feed_stale' : 'signal_feed_current',
        outcome: state.stale ? 'failed' : 'succeeded',
        ...present({ issuer: state.issuer, reason: state.error }),
        details: { feed: state.feed },
      }))
    },
    signalTaken(signal, endedCalls) {
      auditTrail.note(() => {
        const { kind, issuer, subject, cause: reason, ...more } = signal
        const { sessionId, tokenId, clientId, ...details } = { ...noNames, ...more }
        return {
          phase: 'security',
          action: kind === 'cut_off' ? 'revocation_received' : 'permissions_change_received',
          outcome: 'succeeded',
          ...present({ issuer, subject, reason, sessionId, tokenId, clientId }),
          details: present({ ...details, endedCalls }),
        }
      })
    },
    policiesReloaded({ outcome, version, ...what }) {
      if (outcome === 'refused') logger.error(what, 'the policies were not read again: those before stay in force')
      if (outcome === 'unchanged') return
      auditTrail.note(() => ({
        phase: 'security',
        action: 'policies_reloaded',
        outcome: outcome === 'refused' ? 'failed' : 'succeeded',
        policyVersion: version,
        details: { ...what },
      }))
    },
    shadowDiffers({ call, live, candidate }) {
      const { issuer, subject, name, email, department } = call.caller
      auditTrail.note(() => ({
        phase: 'security',
        action: 'shadow_policies_differ',
        outcome: candidate.outcome === 'allowed' ? 'allowed' : 'refused',
        issuer,
        subject,
        ...present({ name: name ?? undefined, email: email ?? undefined, department: department ?? undefined }),
        tool: call.tool,
        policies: candidate.policies,
        policyVersion: candidate.version,
        details: { live: live.outcome, livePolicies: live.policies, candidate: candidate.outcome },
      }))
    },
    keysRotated({ issuer, added, withdrawn }) {
      logger.info({ issuer, added, withdrawn }, 'an issuer changed its keys')
      const details = { added, withdrawn }
      auditTrail.note(() => ({ phase: 'security', action: 'keys_rotated', outcome: 'succeeded', issuer, details }))
    },
  }
}
