import { randomUUID } from 'node:crypto'
import { eventTypes } from '@mcp-identity/shared-signals'
import { importJWK, type JWK, SignJWT } from 'jose'

/** Who tells whom about whose people. */
export interface SignalSigner {
  /** Of the transmitter. */
  issuer: string
  /** `aud` of what it tells. */
  audience: string
  /** With `alg`. */
  signingKey: JWK
  /** The issuer of whose people it tells. */
  realm: string
}

/** Whose access ends, and who signs that. */
export interface SignalsToSign {
  signer: SignalSigner
  /** The `sub` of each of them at the realm. */
  subjects: readonly string[]
}

/** Signed side by side. */
const atOnce = 64

/**
 * Signs a Security Event Token (RISC account-disabled) for each.
 *
 * @returns In compact form, by their `jti`.
 */
export async function signSignals({ signer, subjects }: SignalsToSign): Promise<Map<string, string>> {
  const { issuer, audience, signingKey, realm } = signer
  const { alg = '', kid } = signingKey
  const key = await importJWK(signingKey, alg)
  const header = { alg, typ: 'secevent+jwt', ...(kid === undefined ? {} : { kid }) }
  const iat = Math.floor(Date.now() / 1_000)
  const signOne = async (sub: string): Promise<[string, string]> => {
    const jti = randomUUID()
    const sub_id = { format: 'iss_sub', iss: realm, sub }
    const claims = { iss: issuer, aud: audience, iat, jti, sub_id, events: { [eventTypes.accountDisabled]: {} } }
    return [jti, await new SignJWT(claims).setProtectedHeader(header).sign(key)]
  }
  const signals = new Map<string, string>()
  for (let first = 0; first < subjects.length; first += atOnce) {
    const some = await Promise.all(subjects.slice(first, first + atOnce).map(signOne))
    for (const [jti, compact] of some) signals.set(jti, compact)
  }
  return signals
}
