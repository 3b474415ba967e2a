import { publicKeySet } from '@mcp-identity/test-kit'
import { JwtVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { JwksClient } from 'jwks-rsa'
import { algorithms, type ComparedAlgorithm, type Realm } from './realm.ts'

/** A library that verifies the same tokens: signature, `exp`, `iss`, `aud`, algorithm. */
export interface Peer {
  readonly name: string
  /** Algorithms that it knows. */
  readonly knows: readonly ComparedAlgorithm[]
  readonly open: (realm: Realm, algorithm: ComparedAlgorithm) => (token: string) => unknown
}

const all: readonly ComparedAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

/** Peers set up as their documentation shows for a key set, or for one fixed key where they follow none. */
export const peers: readonly Peer[] = [
  { name: 'jose, remote key set', knows: all, open: openJose },
  { name: 'fast-jwt, one fixed key', knows: all, open: (realm, algorithm) => openFastJwt(realm, algorithm, false) },
  { name: 'jsonwebtoken + jwks-rsa', knows: ['RS256', 'ES256'], open: openJsonwebtoken },
  { name: 'aws-jwt-verify', knows: all, open: openAwsJwtVerify },
  { name: 'express-oauth2-jwt-bearer', knows: all, open: openExpressBearer },
]

function openJose({ issuer, audience, jwksUri }: Realm, algorithm: ComparedAlgorithm) {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  const options = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['exp', 'sub'] }
  return (token: string) => jwtVerify(token, keys, options)
}

/** fast-jwt with one key given when it is made, and its cache on or off. */
export function openFastJwt({ issuer, audience }: Realm, algorithm: ComparedAlgorithm, cache: boolean) {
  const key = algorithms[algorithm][0].publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const options = {
    key,
    cache,
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['exp'],
  }
  return createVerifier(options) as (token: string) => unknown
}

function openJsonwebtoken({ issuer, audience, jwksUri }: Realm, algorithm: ComparedAlgorithm) {
  const client = new JwksClient({ jwksUri, cache: true, rateLimit: true })
  const options = { issuer, audience, algorithms: [algorithm as jsonwebtoken.Algorithm] }
  const findKey: jsonwebtoken.GetPublicKeyOrSecret = ({ kid }, found) => {
    client.getSigningKey(kid, (error, key) => found(error, key?.getPublicKey()))
  }
  return (token: string) =>
    new Promise((resolve, reject) => {
      jsonwebtoken.verify(token, findKey, options, (error, claims) =>
        error === null ? resolve(claims) : reject(error),
      )
    })
}

function openAwsJwtVerify({ issuer, audience }: Realm) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/protocol/openid-connect/certs` })
  // It fetches by https only; its own way to hand it a key set that was fetched elsewhere.
  verifier.cacheJwks(publicKeySet(...Object.values(algorithms).flat()) as Parameters<typeof verifier.cacheJwks>[0])
  return (token: string) => verifier.verify(token)
}

/** The middleware, called with as much of a request as it reads. */
export function openExpressBearer(
  { issuer, audience, jwksUri }: Realm,
  algorithm: ComparedAlgorithm,
  requestOf: (token: string) => object = bearerRequest,
) {
  const middleware = auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm })
  type Request = Parameters<typeof middleware>[0]
  type Response = Parameters<typeof middleware>[1]
  return (token: string) =>
    new Promise<void>((resolve, reject) => {
      const next = (error?: unknown): void => (error === undefined ? resolve() : reject(error))
      middleware(requestOf(token) as Request, {} as Response, next)
    })
}

/** As much of a request of Express as the middleware reads. */
export function expressRequest(method: string, url: string, headers: Readonly<Record<string, string>>): object {
  const { host, protocol, pathname } = new URL(url)
  return {
    method,
    protocol: protocol.slice(0, -1),
    originalUrl: pathname,
    headers: { ...headers, host },
    query: {},
    get: (name: string) => (name === 'Host' ? host : undefined),
    is: () => false,
  }
}

function bearerRequest(token: string): object {
  return expressRequest('POST', 'https://mcp.company.com/mcp', { authorization: `Bearer ${token}` })
}
