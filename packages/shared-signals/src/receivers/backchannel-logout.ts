import { effectiveTime } from '../effective-time.ts'
import type { Signal } from '../signal.ts'
import { empty, expectPost, readBody, type SignalAnswer, type SignalRequest } from './http.ts'
import type { ReceiverContext } from './receiver-context.ts'
import { refuseSignal } from './refused-signal.ts'
import { timeOfEvent } from './security-events.ts'
import { takeInSignals } from './take-in-signals.ts'
import type { TokenNames, Transmitter } from './transmitter.ts'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Logout tokens live two minutes at most (OpenID Connect Back-Channel Logout 1.0 section 2.4 recommends it). */
const maxAgeSeconds = 300

/**
 * OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8: a form with one `logout_token`.
 *
 * A token with `sid` ends that session, one with `sub` only ends all tokens of the person.
 */
export async function receiveBackchannelLogout(
  request: SignalRequest,
  context: ReceiverContext,
): Promise<SignalAnswer> {
  expectPost(request, 'application/x-www-form-urlencoded')
  const form = new URLSearchParams(await readBody(request))
  const [compact, ...more] = form.getAll('logout_token')
  if (compact === undefined || more.length > 0) return refuseSignal('invalid_request', 'expected one logout_token')
  const { transmitter, claims, settle } = await context.verifier.verify(compact, {
    type: 'logout+jwt',
    requiredClaims: ['exp', 'events'],
    forbiddenClaims: ['nonce'],
    maxAgeSeconds,
  })
  const { events, sub, sid } = claims
  if (!isObject(events) || !isObject(events[logoutEvent]))
    refuseSignal('invalid_request', '"events" must name a back-channel logout')
  if (!isName(sub) && !isName(sid)) refuseSignal('invalid_request', '"sub" or "sid" must be there')
  const now = context.clock()
  const notBefore = effectiveTime(timeOfEvent({}, claims), now)
  await takeInSignals(context, 'backchannel_logout', transmitter, async (by): Promise<Signal[]> => {
    const names = await namesOf(by, sub, sid)
    return names.map((name) => ({
      kind: 'cut_off',
      ...name,
      notBefore,
      cause: name.sessionId === undefined ? 'logged_out' : 'session_ended',
      receivedAt: now,
    }))
  })
  settle()
  return empty(200)
}

/** A session of the transmitter's own is known to the access tokens only where both are the same issuer. */
async function namesOf(transmitter: Transmitter, sub: unknown, sid: unknown): Promise<readonly TokenNames[]> {
  const { issuer, speaksFor = [issuer], resolveSubject } = transmitter
  const isOwnIssuer = speaksFor.includes(issuer)
  if (isOwnIssuer && isName(sid)) return [{ issuer, sessionId: sid }]
  if (isOwnIssuer && isName(sub)) return [{ issuer, subject: sub }]
  if (!isName(sub) || resolveSubject === undefined) {
    return refuseSignal('invalid_request', 'a logout without a subject that is known here ends nothing')
  }
  return resolveSubject(sub)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
