import { createHash, timingSafeEqual } from 'node:crypto'
import type { Signal } from '../signal.ts'
import { empty, expectPost, readBody } from './http.ts'
import type { ReceiverContext, SignalOrigin } from './receiver-context.ts'
import { refuseSignal } from './refused-signal.ts'
import { effectiveTime, isEffective, readSecurityEvent, streamEvents } from './security-events.ts'
import { readSubjectIdentifier } from './subject-identifier.ts'
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
  await takeIn(message, context, { receiver: 'ssf_push', transmitter: message.transmitter.issuer })
  return empty(202)
}

/**
 * Verifies a Security Event Token (RFC 8417 section 2.2, SSF 1.0 section 4): `events`, no `sub`, no `exp`.
 *
 * @throws {RefusedSignalError} It is not acceptable.
 */
export function verifySecurityEvent(compact: string, { verifier }: ReceiverContext): Promise<VerifiedMessage> {
  return verifier.verify(compact.trim(), {
    type: 'secevent+jwt',
    requiredClaims: ['events'],
    forbiddenClaims: ['sub', 'exp', 'nonce'],
    maxAgeSeconds,
  })
}

/** Acts upon a verified Security Event Token. An event of a type that is not known here does nothing. */
export async function takeIn(message: VerifiedMessage, context: ReceiverContext, origin: SignalOrigin): Promise<void> {
  const { transmitter, claims } = message
  const { events, sub_id: subject } = claims
  if (!isObject(events)) return refuseSignal('invalid_request', '"events" must be an object')
  const types = Object.keys(events)
  if (types.length === 0 || types.length > mostEvents)
    return refuseSignal('invalid_request', '"events" must name an event')
  const signals: Signal[] = []
  for (const type of types) {
    const event = events[type]
    if (!isObject(event)) return refuseSignal('invalid_request', 'an event must be an object')
    tellStreamEvent(type, event, context, transmitter.issuer)
    if (!isEffective(type)) continue
    const names = await readSubjectIdentifier(subject ?? event.subject, transmitter)
    const notBefore = effectiveTime(event, claims.iat, context.clock(), context.clockToleranceSeconds)
    signals.push(...readSecurityEvent(type, event, names, notBefore))
  }
  if (signals.length > 0) context.onSignals(signals, origin)
  message.settle()
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
