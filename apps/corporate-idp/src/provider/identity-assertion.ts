import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import type { Logger } from 'pino'
import type { Directory } from '../directory/directory.ts'
import type { Person } from '../directory/person.ts'
import type { Keys } from './keys.ts'

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const identityAssertionType = 'urn:ietf:params:oauth:token-type:id-jag'
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'

export interface IdentityAssertionOptions {
  keys: Keys
  directory: Directory
  /** Issuers of the authorization servers for which assertions are made. */
  audiences: readonly string[]
  log: Logger
}

const lifetimeSeconds = 120
const parameters = ['requested_token_type', 'subject_token', 'subject_token_type', 'audience', 'resource', 'scope']

/**
 * Teaches the OpenID Provider to exchange an ID token for an identity assertion authorization grant, ID-JAG
 * (draft-ietf-oauth-identity-assertion-authz-grant): the company's word to another authorization server that this
 * person may be served through this client. A person who is disabled gets no new one.
 *
 * Does not decide about scopes: the authorization server that redeems the assertion knows the person's roles.
 */
export function registerIdentityAssertions(provider: Provider, options: IdentityAssertionOptions): void {
  const { keys, directory, audiences, log } = options
  const keySet = createLocalJWKSet({ keys: [publicPart(keys.signing)] })

  async function exchange(ctx: KoaContextWithOIDC): Promise<void> {
    const { client, params = {} } = ctx.oidc
    if (client === undefined) throw new errors.InvalidClient('client authentication is missing')
    const request = readRequest(params, audiences)
    const person = await readPerson(request.subjectToken, client.clientId)
    const assertion = await makeAssertion(person, client.clientId, request)
    log.info(
      { username: person.username, client: client.clientId, audience: request.audience },
      'identity assertion issued',
    )
    ctx.set('cache-control', 'no-store')
    ctx.body = {
      issued_token_type: identityAssertionType,
      access_token: assertion,
      // The assertion is no access token, whatever the member that carries it is called (RFC 8693 section 2.2.1).
      token_type: 'N_A',
      expires_in: lifetimeSeconds,
      ...(request.scope === undefined ? {} : { scope: request.scope }),
    }
  }

  async function readPerson(subjectToken: string, clientId: string): Promise<Person> {
    const subject = await readSubject(subjectToken, clientId)
    const person = subject === undefined ? undefined : directory.findBySubject(subject)
    if (!person?.active) throw new errors.InvalidGrant('the subject token is not, or no longer, good')
    return person
  }

  async function readSubject(subjectToken: string, clientId: string): Promise<string | undefined> {
    const checks = {
      issuer: provider.issuer,
      audience: clientId,
      algorithms: ['RS256'],
      requiredClaims: ['sub', 'exp'],
    }
    return jwtVerify(subjectToken, keySet, checks).then(
      ({ payload, protectedHeader }) => (isIdToken(protectedHeader.typ) ? payload.sub : undefined),
      () => undefined,
    )
  }

  async function makeAssertion(person: Person, clientId: string, request: ExchangeRequest): Promise<string> {
    const { audience, resource, scope } = request
    const issuedAt = Math.floor(Date.now() / 1000)
    return new SignJWT({
      client_id: clientId,
      email: person.email,
      ...(resource === undefined ? {} : { resource }),
      ...(scope === undefined ? {} : { scope }),
    })
      .setProtectedHeader({ alg: 'RS256', kid: keys.signing.kid, typ: 'oauth-id-jag+jwt' })
      .setIssuer(provider.issuer)
      .setSubject(person.subject)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .setJti(randomUUID())
      .sign(await importJWK(keys.signing))
  }

  provider.registerGrantType(tokenExchangeGrant, exchange, parameters)
}

interface ExchangeRequest {
  subjectToken: string
  audience: string
  resource?: string
  scope?: string
}

function readRequest(params: Record<string, unknown>, audiences: readonly string[]): ExchangeRequest {
  const { requested_token_type, subject_token, subject_token_type, audience, resource, scope } = params
  if (requested_token_type !== identityAssertionType) {
    throw new errors.InvalidRequest(`requested_token_type must be ${identityAssertionType}`)
  }
  if (subject_token_type !== idTokenType) throw new errors.InvalidRequest(`subject_token_type must be ${idTokenType}`)
  if (typeof subject_token !== 'string') throw new errors.InvalidRequest('subject_token is missing')
  if (typeof audience !== 'string' || !audiences.includes(audience)) {
    throw new errors.InvalidTarget('audience must be the issuer of an authorization server that the company knows')
  }
  if (resource !== undefined && (typeof resource !== 'string' || !URL.canParse(resource))) {
    throw new errors.InvalidTarget('resource must be one absolute URI')
  }
  return {
    subjectToken: subject_token,
    audience,
    ...(resource === undefined ? {} : { resource }),
    ...(typeof scope === 'string' ? { scope } : {}),
  }
}

/** Logout tokens and assertions are signed by the same key; their type says that they are no ID tokens. */
function isIdToken(type: string | undefined): boolean {
  return type === undefined || type === 'JWT'
}

function publicPart({ kty = 'RSA', n = '', e = '', kid, alg }: Keys['signing']): JWK {
  return { kty, n, e, kid, alg }
}
