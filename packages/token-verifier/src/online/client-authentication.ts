import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'

/** How this resource server authenticates at an issuer's endpoint: with a secret, or better with a key of its own. */
export type ClientCredentials =
  | { readonly clientId: string; readonly clientSecret: string }
  /** A private key with `alg` and `kid` (RFC 7523 section 2.2, `private_key_jwt`). */
  | { readonly clientId: string; readonly privateKey: JWK & { readonly alg: string } }

/** What goes into a request to authenticate it. */
export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
}

/** Life of a client assertion, in seconds. */
const assertionSeconds = 60

/**
 * Authenticates a request of a client: `client_secret_basic` (RFC 6749 section 2.3.1) or `private_key_jwt`.
 *
 * @param audience Whom the assertion is for: the issuer.
 * @param now Seconds since the epoch.
 */
export async function authenticateClient(
  credentials: ClientCredentials,
  audience: string,
  now: number,
): Promise<ClientAuthentication> {
  if ('clientSecret' in credentials) {
    const pair = `${formEncode(credentials.clientId)}:${formEncode(credentials.clientSecret)}`
    return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, form: {} }
  }
  return { headers: {}, form: await clientAssertion(credentials, audience, Math.floor(now)) }
}

async function clientAssertion(
  { clientId, privateKey }: Extract<ClientCredentials, { privateKey: unknown }>,
  audience: string,
  now: number,
): Promise<Record<string, string>> {
  const { alg, kid } = privateKey
  const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: audience, jti: randomUUID() })
    .setProtectedHeader({ alg, typ: 'JWT', ...(kid !== undefined && { kid }) })
    .setIssuedAt(now)
    .setExpirationTime(now + assertionSeconds)
    .sign(await importJWK(privateKey, alg))
  return {
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
}

/** RFC 6749 appendix B: both halves of Basic are form-encoded first. */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
