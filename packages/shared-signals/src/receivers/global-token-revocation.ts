import { effectiveTime } from '../effective-time.ts'
import type { Signal } from '../signal.ts'
import { empty, expectPost, readBody, type SignalAnswer, type SignalRequest } from './http.ts'
import type { ReceiverContext } from './receiver-context.ts'
import { RefusedSignalError, refuseSignal } from './refused-signal.ts'
import { readSubjectIdentifier } from './subject-identifier.ts'
import { takeInSignals } from './take-in-signals.ts'

/** The request is authenticated for this one moment. */
const maxAgeSeconds = 300

/**
 * Global Token Revocation (draft-parecki-oauth-global-token-revocation), as Okta's Universal Logout sends it: JSON with
 * one `sub_id`, authenticated by a JWT whose audience is this endpoint. Ends every token of the person that was issued until
 * that JWT was signed: sent again, to whichever replica, it ends nothing that was issued since.
 *
 * @param endpoint The URL of this receiver, as the sender knows it.
 */
export async function receiveGlobalTokenRevocation(
  request: SignalRequest,
  context: ReceiverContext,
  endpoint: string,
): Promise<SignalAnswer> {
  expectPost(request, 'application/json')
  const credentials = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(request.header('authorization') ?? '')
  if (credentials === null) return refuseSignal('authentication_failed', 'expected a signed JWT as Bearer', 401)
  const { transmitter, claims, settle } = await context.verifier
    .verify(credentials[1] as string, {
      type: 'global-token-revocation+jwt',
      audience: [endpoint],
      requiredClaims: ['exp'],
      maxAgeSeconds,
    })
    .catch((error: unknown) => asAuthenticationFailure(error))
  const identifier = subjectOf(await readBody(request))
  const now = context.clock()
  const notBefore = effectiveTime(claims.iat, now)
  const signals = await takeInSignals(
    context,
    'global_token_revocation',
    transmitter,
    async (by): Promise<Signal[]> => {
      const names = await readSubjectIdentifier(identifier, by)
      return names.map((name) => ({
        kind: 'cut_off',
        ...name,
        notBefore,
        cause: 'global_token_revocation',
        receivedAt: now,
      }))
    },
  )
  if (signals.length === 0) return refuseSignal('invalid_request', 'nobody is known by this name', 404)
  settle()
  return empty(204)
}

function subjectOf(body: string): unknown {
  try {
    const content: unknown = JSON.parse(body)
    if (typeof content === 'object' && content !== null && 'sub_id' in content) return content.sub_id
  } catch {
    // Told below.
  }
  return refuseSignal('invalid_request', 'expected JSON with "sub_id"')
}

function asAuthenticationFailure(error: unknown): never {
  if (error instanceof RefusedSignalError) throw new RefusedSignalError('authentication_failed', error.message, 401)
  throw error
}
