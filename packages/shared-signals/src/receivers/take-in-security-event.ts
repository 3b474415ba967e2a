import { effectiveTime } from '../effective-time.ts'
import type { Signal } from '../signal.ts'
import type { ReceiverContext, SignalOrigin } from './receiver-context.ts'
import { refuseSignal } from './refused-signal.ts'
import { isAboutSession, isEffective, readSecurityEvent, streamEvents, timeOfEvent } from './security-events.ts'
import { readSubjectIdentifier, sessionsNamedBy } from './subject-identifier.ts'
import { takeInSignals } from './take-in-signals.ts'
import type { VerifiedMessage } from './verify-signed-message.ts'

/** Transmitters retry for a day (Keycloak) to a week; older ones are refused, and reconciliation has long repaired them. */
const maxAgeSeconds = 7 * 86_400
const mostEvents = 10

/**
 * Verifies a Security Event Token (RFC 8417 section 2.2, SSF 1.0 section 4): `events`, no `sub`, no `exp`.
 *
 * @throws {RefusedSignalError} It is not acceptable.
 */
export function verifySecurityEvent(
  compact: string,
  { verifier }: Pick<ReceiverContext, 'verifier'>,
): Promise<VerifiedMessage> {
  return verifier.verify(compact.trim(), {
    type: 'secevent+jwt',
    requiredClaims: ['events'],
    forbiddenClaims: ['sub', 'exp', 'nonce'],
    maxAgeSeconds,
  })
}

/** Acts upon a verified Security Event Token. An event of a type that is not known here does nothing. */
export async function takeInSecurityEvent(
  { transmitter, claims, settle }: VerifiedMessage,
  context: ReceiverContext,
  receiver: SignalOrigin['receiver'],
): Promise<void> {
  const events = eventsOf(claims.events)
  for (const [type, event] of events)
    tellStreamEvent({ type, event, subject: claims.sub_id }, context, transmitter.issuer)
  const now = context.clock()
  await takeInSignals(context, receiver, transmitter, async (by) => {
    const signals: Signal[] = []
    for (const [type, event] of events) {
      const subject = claims.sub_id ?? event.subject
      if (!isEffective(type, event, subject)) continue
      const names = [
        ...(await readSubjectIdentifier(subject, by)),
        ...(isAboutSession(type) ? sessionsNamedBy(subject, by) : []),
      ]
      const notBefore = effectiveTime(timeOfEvent(event, claims), now)
      signals.push(...readSecurityEvent(type, event, names, notBefore))
    }
    return signals
  })
  settle()
}

function eventsOf(events: unknown): [string, Record<string, unknown>][] {
  const found = isObject(events) ? Object.entries(events) : []
  if (found.length === 0 || found.length > mostEvents)
    return refuseSignal('invalid_request', '"events" must name an event')
  return found.map(([type, event]) =>
    isObject(event) ? [type, event] : refuseSignal('invalid_request', 'an event must be an object'),
  )
}

interface NamedEvent {
  type: string
  event: Record<string, unknown>
  subject: unknown
}

/** @throws {RefusedSignalError} Its `state` is not what was asked for (SSF 1.0 section 8.1.4.1). */
function tellStreamEvent({ type, event, subject }: NamedEvent, context: ReceiverContext, transmitter: string): void {
  const { state, status, reason } = event
  const streamId = isObject(subject) ? textOf(subject.id) : undefined
  if (type === streamEvents.verification) {
    const isExpected = context.onStreamEvent({ transmitter, streamId, type: 'verification', state: textOf(state) })
    if (isExpected === false) refuseSignal('invalid_state', '"state" is not the one that was asked for')
  }
  if (type === streamEvents.streamUpdated) {
    const said = { status: textOf(status), reason: textOf(reason) }
    context.onStreamEvent({ transmitter, streamId, type: 'stream_updated', ...said })
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
