import { createHash, timingSafeEqual } from 'node:crypto'
import { empty, expectPost, readBody, type SignalAnswer, type SignalRequest } from './http.ts'
import type { ReceiverContext } from './receiver-context.ts'
import { refuseSignal } from './refused-signal.ts'
import { takeInSecurityEvent, verifySecurityEvent } from './take-in-security-event.ts'

/** Push delivery of Security Event Tokens (RFC 8935; SSF 1.0 section 6.1.1): one SET a request, answered 202. */
export async function receivePushedEvent(request: SignalRequest, context: ReceiverContext): Promise<SignalAnswer> {
  expectPost(request, 'application/secevent+jwt')
  const compact = await readBody(request)
  const message = await verifySecurityEvent(compact, context)
  checkAuthorization(message.transmitter.authorizationHeader, request.header('authorization'))
  await takeInSecurityEvent(message, context, 'ssf_push')
  return empty(202)
}

function checkAuthorization(expected: string | undefined, given: string | undefined): void {
  if (expected !== undefined && !isSameSecret(expected, given)) {
    refuseSignal('authentication_failed', 'the Authorization header is not the one of this stream', 401)
  }
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
export function isSameSecret(expected: string, given: string | undefined): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return given !== undefined && timingSafeEqual(digest(expected), digest(given))
}
