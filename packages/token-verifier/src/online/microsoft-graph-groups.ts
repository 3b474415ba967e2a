import { BoundedMap } from '../bounded-map.ts'
import { isStrings } from '../claim-values.ts'
import { type Fetch, fetchDocument } from '../fetch-document.ts'
import type { GroupResolver } from '../providers/issuer-profile.ts'
import { checkSecureAddress } from '../secure-address.ts'

/** Settings of {@link microsoftGraphGroups}. */
export interface MicrosoftGraphSettings {
  /** Gives an access token for Microsoft Graph in that tenant, with `GroupMember.Read.All` or `Directory.Read.All`. */
  readonly accessToken: (tenant: string) => Promise<string>
  /** Default `https://graph.microsoft.com`. */
  readonly graphUri?: string
  /** How long groups are kept, in seconds, 0 to 3600. Default 300. */
  readonly cacheSeconds?: number
  /** Default 3000. */
  readonly timeoutMs?: number
  readonly fetch?: Fetch
  /** Seconds since the epoch. Default: the time of this machine. */
  readonly clock?: () => number
  readonly dangerouslyAllowInsecureHttp?: boolean
}

/** Largest answer: 11,000 group ids, the most that Graph gives, are half of this. */
const maxBytes = 1024 * 1024

/** People whose groups are kept. */
const maxPeople = 10_000

/**
 * Asks Microsoft Graph for the groups of a caller whose token left them out (group overage), direct and nested, as
 * object ids. Give it to `entraId` as `resolveGroups`. While Graph cannot be asked the groups stay unknown.
 *
 * @throws {TypeError} A setting is wrong.
 */
export function microsoftGraphGroups(settings: MicrosoftGraphSettings): GroupResolver {
  const { graphUri = 'https://graph.microsoft.com', cacheSeconds = 300, timeoutMs = 3000 } = settings
  const { fetch: fetchFrom = fetch, clock = () => Date.now() / 1000, accessToken } = settings
  if (!(cacheSeconds >= 0 && cacheSeconds <= 3600)) throw new TypeError('cacheSeconds must be 0 to 3600')
  const graph = checkSecureAddress('graphUri', graphUri, settings.dangerouslyAllowInsecureHttp === true)
  const known = new BoundedMap<{ readonly groups: readonly string[]; readonly until: number }>(maxPeople)
  return async ({ tid: tenant, oid: person }) => {
    if (typeof tenant !== 'string' || typeof person !== 'string') return undefined
    const id = `${tenant} ${person}`
    const kept = known.get(id)
    if (kept !== undefined && kept.until > clock()) return kept.groups
    const address = new URL(`/v1.0/directoryObjects/${encodeURIComponent(person)}/getMemberGroups`, graph)
    const headers = { authorization: `Bearer ${await accessToken(tenant)}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ securityEnabledOnly: false })
    const { status, document } = await fetchDocument(
      address,
      { method: 'POST', headers, body },
      { timeoutMs, maxBytes },
      fetchFrom,
    )
    const groups = document?.value
    if (status !== 200 || !isStrings(groups)) throw new Error(`Microsoft Graph answered with status ${status}`)
    known.set(id, { groups, until: clock() + cacheSeconds })
    return groups
  }
}

/** Settings of {@link clientCredentialsToken}. */
export interface ClientCredentialsTokenSettings {
  readonly clientId: string
  readonly clientSecret: string
  /** Default: that of the tenant in the public cloud. */
  readonly tokenEndpoint?: (tenant: string) => string
  /** Default `https://graph.microsoft.com/.default`. */
  readonly scope?: string
  readonly fetch?: Fetch
  /** Seconds since the epoch. Default: the time of this machine. */
  readonly clock?: () => number
  readonly dangerouslyAllowInsecureHttp?: boolean
}

/**
 * Gets access tokens for Microsoft Graph by client credentials (RFC 6749 section 4.4), one a tenant, kept until a
 * minute before they expire.
 */
export function clientCredentialsToken(settings: ClientCredentialsTokenSettings): (tenant: string) => Promise<string> {
  const { clientId, clientSecret, scope = 'https://graph.microsoft.com/.default', fetch: fetchFrom = fetch } = settings
  const { clock = () => Date.now() / 1000, tokenEndpoint = publicTokenEndpoint } = settings
  const known = new BoundedMap<{ readonly token: string; readonly until: number }>(1000)
  return async (tenant) => {
    const kept = known.get(tenant)
    if (kept !== undefined && kept.until > clock()) return kept.token
    const address = checkSecureAddress(
      'tokenEndpoint',
      tokenEndpoint(tenant),
      settings.dangerouslyAllowInsecureHttp === true,
    )
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope }
    const init = { method: 'POST', body: new URLSearchParams(form) }
    const { status, document } = await fetchDocument(address, init, { timeoutMs: 3000, maxBytes }, fetchFrom)
    const { access_token: token, expires_in: seconds } = document ?? {}
    if (status !== 200 || typeof token !== 'string')
      throw new Error(`the token endpoint answered with status ${status}`)
    known.set(tenant, { token, until: clock() + (typeof seconds === 'number' ? seconds : 0) - 60 })
    return token
  }
}

function publicTokenEndpoint(tenant: string): string {
  return `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/oauth2/v2.0/token`
}
