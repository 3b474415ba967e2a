import * as z from 'zod/mini'
import type { Settings } from '../settings.ts'
import { ApiError } from './api-error.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const text = z.optional(z.string())

const keySetSchema = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string(), alg: text, use: text, n: text, crv: text })),
})

const realmKeysSchema = z.object({
  active: z.record(z.string(), z.string()),
  keys: z.array(
    z.object({
      kid: text,
      providerId: z.string(),
      providerPriority: z._default(z.number(), 0),
      status: z.string(),
      algorithm: text,
      use: text,
    }),
  ),
})

const componentSchema = z.looseObject({
  id: z.string(),
  name: text,
  parentId: text,
  providerId: z.string(),
  config: z.record(z.string(), z.array(z.string())),
})

const realmSchema = z.object({
  id: z.string(),
  accessTokenLifespan: z.number(),
  accessCodeLifespan: z.number(),
  ssoSessionIdleTimeout: z.number(),
  ssoSessionMaxLifespan: z.number(),
  revokeRefreshToken: z._default(z.boolean(), false),
  refreshTokenMaxReuse: z._default(z.number(), 0),
})

/** A public key by which tokens of the realm are verified (RFC 7517). */
export interface PublicKey {
  kid: string
  algorithm: string
  /** `RSA, 2048 bits`. */
  kind: string
}

/** What the realm's administrators know of a signing key. */
export interface RealmKey {
  kid: string
  algorithm: string
  /** Signs new tokens. The others only verify. */
  signsNow: boolean
  providerId: string
}

/** Lifetimes of the realm, in seconds. */
export type RealmLifetimes = z.infer<typeof realmSchema>

/** The realm's public key set, as every resource server reads it. Keys for encryption are left out. */
export async function fetchKeySet({ issuer }: Settings): Promise<PublicKey[]> {
  const address = `${issuer}/protocol/openid-connect/certs`
  const response = await fetch(address, { credentials: 'omit', cache: 'no-store' }).catch(() => undefined)
  if (response === undefined) throw new ApiError(0, `${new URL(issuer).host} does not answer`)
  if (!response.ok) throw new ApiError(response.status, 'The key set could not be read')
  return keySetSchema
    .parse(await response.json())
    .keys.filter(({ use }) => use === 'sig')
    .map(({ kid, kty, alg, n, crv }) => ({ kid, algorithm: alg ?? kty, kind: kindOf(kty, n, crv) }))
}

function kindOf(kty: string, modulus: string | undefined, curve: string | undefined): string {
  if (curve !== undefined) return `${kty}, ${curve}`
  return modulus === undefined ? kty : `${kty}, ${Math.floor((modulus.length * 6) / 8) * 8} bits`
}

/** Keycloak's admin API, as far as keys and lifetimes go. Development only: the scope exists nowhere else. */
export interface RealmKeysApi {
  keys(): Promise<RealmKey[]>
  lifetimes(): Promise<RealmLifetimes>
  /** Makes a new key that signs from now on. Those before it go on verifying. */
  rotate(): Promise<void>
  /** Takes a key out of the key set: tokens that it signed are refused when resource servers read the set again. */
  withdraw(key: RealmKey): Promise<void>
}

const keyProvider = 'org.keycloak.keys.KeyProvider'
const signingAlgorithm = 'RS256'

export function createRealmKeysApi({ issuer }: Settings, authorizedFetch: AuthorizedFetch): RealmKeysApi {
  const base = issuer.replace('/realms/', '/admin/realms/')
  const get = async (path: string): Promise<unknown> => (await authorizedFetch(`${base}${path}`)).json()
  const send = async (method: 'POST' | 'PUT', path: string, content: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    await authorizedFetch(`${base}${path}`, { method, headers, body: JSON.stringify(content) })
  }
  const realmKeys = async () => realmKeysSchema.parse(await get('/keys'))

  return {
    async keys() {
      const { active, keys } = await realmKeys()
      return keys
        .filter(({ kid, algorithm, use }) => kid !== undefined && algorithm === signingAlgorithm && use !== 'ENC')
        .map(({ kid = '', algorithm = '', providerId }) => ({
          kid,
          algorithm,
          signsNow: active[algorithm] === kid,
          providerId,
        }))
    },
    lifetimes: async () => realmSchema.parse(await get('')),
    async rotate() {
      const [{ keys }, realm] = await Promise.all([realmKeys(), get('')])
      const highest = Math.max(0, ...keys.map(({ providerPriority }) => providerPriority))
      await send('POST', '/components', {
        name: `rsa-generated-${new Date().toISOString()}`,
        providerId: 'rsa-generated',
        providerType: keyProvider,
        parentId: realmSchema.parse(realm).id,
        config: {
          priority: [String(highest + 100)],
          enabled: ['true'],
          active: ['true'],
          algorithm: [signingAlgorithm],
          keySize: ['2048'],
        },
      })
    },
    async withdraw({ providerId }) {
      const component = componentSchema.parse(await get(`/components/${encodeURIComponent(providerId)}`))
      const config = { ...component.config, enabled: ['false'], active: ['false'] }
      await send('PUT', `/components/${encodeURIComponent(providerId)}`, { ...component, config })
    },
  }
}
