import { createHash, timingSafeEqual } from 'node:crypto'
import type { Signal } from '../signal.ts'
import { empty, expectPost, readBody } from './http.ts'
import type { ReceiverContext } from './receiver-context.ts'
import { refuseSignal } from './refused-signal.ts'
import { effectiveTime, isEffective, readSecurityEvent, streamEvents } from './security-events.ts'
import { readSubjectIdentifier } from './subject-identifier.ts'
import { takeInSignals } from './take-in-signals.ts'
import type { VerifiedMessage } from './verify-signed-message.ts'

/** Transmitters retry for a day (Keycloak) to a week; older ones are refused, and reconciliation has long repaired them. */
const maxAgeSeconds = 7 * 86_400
const mostEvents = 10

/** Push delivery of Security Event Tokens (RFC 8935; SSF 1.0 section 6.1.1): one SET a request, answered 202. */
export async function receivePushedEvent(request: Request, context: ReceiverContext): Promise<Response> {
  expectPost(request, 'application/secevent+jwt')
  const compact = await readBody(request)
  const message = await verifySecurityEvent(compact, context)
  checkAuthorization(message.transmitter.authorizationHeader, request.headers.get('authorization'))
  await takeIn(message, context)
  return empty(202)
}

/**
 * Verifies a Security Event Token (RFC 8417 section 2.2, SSF 1.0 section 4): `events`, no `sub`, no `exp`.
 *
 * @throws {RefusedSignalError} It is not acceptable.
 */
function verifySecurityEvent(compact: string, { verifier }: ReceiverContext): Promise<VerifiedMessage> {
  return verifier.verify(compact.trim(), {
    type: 'secevent+jwt',
    requiredClaims: ['events'],
    forbiddenClaims: ['sub', 'exp', 'nonce'],
    maxAgeSeconds,
  })
}

/** Acts upon a verified Security Event Token. An event of a type that is not known here does nothing. */
async function takeIn({ transmitter, claims, settle }: VerifiedMessage, context: ReceiverContext): Promise<void> {
  const events = eventsOf(claims.events)
  const now = context.clock()
  await takeInSignals(context, 'ssf_push', transmitter, async (by) => {
    const signals: Signal[] = []
    for (const [type, event] of events) {
      if (!isEffective(type)) continue
      const names = await readSubjectIdentifier(claims.sub_id ?? event.subject, by)
      const notBefore = effectiveTime(event, claims.iat, now, context.clockToleranceSeconds)
      signals.push(...readSecurityEvent(type, event, names, notBefore))
    }
    return signals
  })
  for (const [type, event] of events) tellStreamEvent(type, event, context, transmitter.issuer)
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

function tellStreamEvent(
  type: string,
  event: Record<string, unknown>,
  context: ReceiverContext,
  transmitter: string,
): void {
  const { state, status } = event
  if (type === streamEvents.verification) {
    context.onStreamEvent({ transmitter, type: 'verification', state: typeof state === 'string' ? state : undefined })
  }
  if (type === streamEvents.streamUpdated) {
    context.onStreamEvent({
      transmitter,
      type: 'stream_updated',
      status: typeof status === 'string' ? status : undefined,
    })
  }
}

function checkAuthorization(expected: string | undefined, given: string | null): void {
  if (expected === undefined) return
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  if (given === null || !timingSafeEqual(digest(expected), digest(given))) {
    refuseSignal('authentication_failed', 'the Authorization header is not the one of this stream', 401)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
