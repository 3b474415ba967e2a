import { type Provider, providers } from '@mcp-identity/provider-dialects'
import { identityProviderAlias } from './names.ts'
import { groupGrants } from './permissions.ts'

/** What differs between one company's realm and another's. Everything else is the same everywhere and lives in code. */
export interface RealmSettings {
  /** Name of the realm, the last segment of its issuer. Default in development: `company`. */
  realm: string
  /** Where browsers and servers reach Keycloak, an origin without a path: `http://localhost:8483`. */
  keycloakUrl: string
  /** Canonical resource URI of the MCP server (RFC 8707). It is also the resource server's `clientId` and the audience of access tokens. */
  resource: string
  corporateIdp: {
    /** Where the corporate IdP answers, without a slash at its end. Its issuer is this and what its dialect puts behind it. */
    issuer: string
    /** Where Keycloak itself reaches the corporate IdP, where that differs from `issuer`: inside a network of containers, say. Default: `issuer`. */
    serverUrl?: string
    /** What kind of provider it is. Default: one by the book. */
    provider?: Provider
    /** How it signs people in. Over SAML 2.0 the dialect of `provider` plays no part. Default: OpenID Connect. */
    protocol?: 'oidc' | 'saml'
    /** Resource URI of the corporate IdP's admin API; directory administrators get tokens for it. */
    adminResource: string
  }
  /** Corporate IdPs of companies that came later, beside the one above. Default: none. */
  acquired?: readonly AcquiredIdp[]
  /** The company's Active Directory. With it people sign in at Keycloak itself, and no corporate IdP is asked. */
  activeDirectory?: ActiveDirectorySettings
  /** Origin of the web console: scheme, host and port, no path. */
  consoleOrigin: string
  /** Public key set of the service client `nightly-report` (RFC 7517). Private members are refused. */
  serviceJwks: { keys: readonly Readonly<Record<string, unknown>>[] }
  /**
   * `stable` uses nothing experimental but `resource-indicators`; `preview` adds client metadata documents, ID-JAG, and
   * security events that Keycloak pushes to the resource server.
   */
  profile: 'stable' | 'preview'
  /** Lifetime of access tokens, in seconds, 30 to 3600. Default 300. */
  accessTokenLifespanSeconds?: number
  /** Lifetime of refresh tokens and of the session behind them, in seconds, at most 30 days. Default 2592000. */
  refreshLifespanSeconds?: number
  /** Allows http on loopback and opens anonymous client registration to clients on loopback. Never for production. */
  development: boolean
  /**
   * Hosts that may appear in the redirect URIs of clients that register themselves (RFC 7591) or publish a metadata
   * document. Empty: nobody can. Default: `localhost` and `127.0.0.1` in development, else empty.
   */
  selfRegistrationHosts?: readonly string[]
}

/**
 * The corporate IdP of another company, whose people use the same MCP servers. Who comes by two IdPs is two people,
 * whatever name and address they share, until an administrator links the accounts: the user names of this one begin with
 * its alias, and a sign-in with an e-mail address that another account has is refused.
 */
export interface AcquiredIdp {
  /** What the realm calls it, and what clients send as `kc_idp_hint`: lower-case letters and digits. */
  alias: string
  displayName: string
  /** As of the corporate IdP, as the three below. */
  issuer: string
  serverUrl?: string
  provider?: Provider
  protocol?: 'oidc' | 'saml'
  /** A group there → the group of this realm that it stands for. No other group of theirs counts here. */
  groups: Readonly<Record<string, string>>
}

/** How Keycloak reads an Active Directory. Its CA has to stand in Keycloak's truststore (`--truststore-paths`). */
export interface ActiveDirectorySettings {
  /** `ldaps://dc1.corp.company.com`; several, with spaces between, are tried in order. */
  url: string
  /** Distinguished name of the account that reads; it needs no right to write. */
  bindDn: string
  /** People stand below it: `OU=People,DC=corp,DC=company,DC=com`. */
  peopleDn: string
  /** The groups that grant something stand below it. */
  groupsDn: string
  /** LDAP attributes that hold what policies ask for. `zoneinfo` has none by default: Active Directory knows no time zone. */
  attributes?: { department?: string; country?: string; zoneinfo?: string }
}

export type CheckedRealmSettings = Required<Omit<RealmSettings, 'activeDirectory'>> & {
  activeDirectory?: ActiveDirectorySettings
  corporateIdp: RealmSettings['corporateIdp'] & { provider: Provider; protocol: 'oidc' | 'saml' }
}

/** The longest lifetime of an access token that this realm agrees to, in seconds. */
export const longestAccessTokenLifespanSeconds = 3600
const longestRefreshLifespanSeconds = 30 * 24 * 3600
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']
const privateKeyMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']

/**
 * Fills in the defaults and refuses settings that would make an unsafe realm.
 *
 * @throws {TypeError} Names every setting that is wrong, not only the first.
 */
export function checkRealmSettings(settings: RealmSettings): CheckedRealmSettings {
  const checked: CheckedRealmSettings = {
    ...settings,
    corporateIdp: { provider: providers.generic, protocol: 'oidc', ...settings.corporateIdp },
    acquired: settings.acquired ?? [],
    accessTokenLifespanSeconds: settings.accessTokenLifespanSeconds ?? 300,
    refreshLifespanSeconds: settings.refreshLifespanSeconds ?? longestRefreshLifespanSeconds,
    selfRegistrationHosts: settings.selfRegistrationHosts ?? (settings.development ? ['localhost', '127.0.0.1'] : []),
  }
  const problems = [
    ...addressProblems(checked),
    ...lifespanProblems(checked),
    ...keySetProblems(checked),
    ...directoryProblems(checked),
    ...protocolProblems(checked),
    ...acquiredProblems(checked),
    ...(/^[a-z0-9][a-z0-9-]{0,62}$/.test(checked.realm)
      ? []
      : ['realm must be lower-case letters, digits and hyphens']),
    ...(checked.selfRegistrationHosts.some((host) => host === '' || host === '*')
      ? ['selfRegistrationHosts must name hosts; "*" would admit everyone']
      : []),
  ]
  if (problems.length > 0) throw new TypeError(`The realm settings are wrong:\n- ${problems.join('\n- ')}`)
  return checked
}

function addressProblems(settings: CheckedRealmSettings): string[] {
  const addresses: [name: string, value: string, kind: 'origin' | 'uri'][] = [
    ['keycloakUrl', settings.keycloakUrl, 'origin'],
    ['consoleOrigin', settings.consoleOrigin, 'origin'],
    ['resource', settings.resource, 'uri'],
    ['corporateIdp.issuer', settings.corporateIdp.issuer, 'uri'],
    ['corporateIdp.adminResource', settings.corporateIdp.adminResource, 'uri'],
    ['corporateIdp.serverUrl', settings.corporateIdp.serverUrl ?? settings.corporateIdp.issuer, 'uri'],
  ]
  return addresses.flatMap(([name, value, kind]) => addressProblem(name, value, kind, settings.development) ?? [])
}

function addressProblem(name: string, value: string, kind: 'origin' | 'uri', development: boolean): string | undefined {
  if (!URL.canParse(value)) return `${name} must be an absolute URI, found ${JSON.stringify(value)}`
  const url = new URL(value)
  if (url.hash !== '' || url.search !== '' || value.endsWith('/')) {
    return `${name} must have no query, no fragment and no slash at its end, found ${value}`
  }
  if (kind === 'origin' && url.origin !== value)
    return `${name} must be an origin such as ${url.origin}, found ${value}`
  if (url.protocol === 'https:') return undefined
  if (url.protocol !== 'http:') return `${name} must be an https address, found ${value}`
  if (!development) return `${name} must be an https address outside development, found ${value}`
  return loopbackHosts.includes(url.hostname) || url.hostname.endsWith('.localhost') || !url.hostname.includes('.')
    ? undefined
    : `${name} may use http on loopback or inside one container network only, found ${value}`
}

function directoryProblems({ activeDirectory }: CheckedRealmSettings): string[] {
  if (activeDirectory === undefined) return []
  const { url, bindDn, peopleDn, groupsDn } = activeDirectory
  const isSecure = url.split(' ').every((address) => URL.canParse(address) && address.startsWith('ldaps://'))
  return [
    ...(isSecure ? [] : [`activeDirectory.url must be ldaps:// addresses, found ${url}`]),
    ...Object.entries({ bindDn, peopleDn, groupsDn }).flatMap(([name, dn]) =>
      /^\s*\w+\s*=/.test(dn) ? [] : [`activeDirectory.${name} must be a distinguished name, found ${dn}`],
    ),
  ]
}

function lifespanProblems(settings: CheckedRealmSettings): string[] {
  const bounds: [name: string, value: number, least: number, most: number][] = [
    ['accessTokenLifespanSeconds', settings.accessTokenLifespanSeconds, 30, longestAccessTokenLifespanSeconds],
    [
      'refreshLifespanSeconds',
      settings.refreshLifespanSeconds,
      settings.accessTokenLifespanSeconds,
      longestRefreshLifespanSeconds,
    ],
  ]
  return bounds.flatMap(([name, value, least, most]) =>
    Number.isInteger(value) && value >= least && value <= most
      ? []
      : [`${name} must be a whole number of seconds from ${least} to ${most}, found ${value}`],
  )
}

function protocolProblems({ profile, corporateIdp: { protocol } }: CheckedRealmSettings): string[] {
  return profile === 'preview' && protocol === 'saml'
    ? ['profile preview needs corporateIdp.protocol oidc: identity assertions are OpenID Connect']
    : []
}

function acquiredProblems({ acquired, development }: CheckedRealmSettings): string[] {
  const aliases = [identityProviderAlias, ...acquired.map(({ alias }) => alias)]
  const ours = new Set<string>(groupGrants.map(({ group }) => group))
  return acquired.flatMap(({ alias, issuer, serverUrl = issuer, groups }, index) => {
    const at = `acquired[${index}]`
    return [
      ...(/^[a-z][a-z0-9]*$/.test(alias) ? [] : [`${at}.alias must be lower-case letters and digits, found ${alias}`]),
      ...(aliases.indexOf(alias) === index + 1 ? [] : [`${at}.alias ${alias} is taken`]),
      ...[issuer, serverUrl].flatMap((address) => addressProblem(`${at}.issuer`, address, 'uri', development) ?? []),
      ...Object.values(groups).flatMap((group) =>
        ours.has(group) ? [] : [`${at}.groups leads to ${group}, which the realm does not have`],
      ),
    ]
  })
}

function keySetProblems({ serviceJwks }: CheckedRealmSettings): string[] {
  if (serviceJwks.keys.length === 0) return ['serviceJwks must hold the public key of the service client']
  return serviceJwks.keys.flatMap((key, index) =>
    privateKeyMembers.some((member) => member in key)
      ? [`serviceJwks.keys[${index}] holds private members; only the public key belongs into the realm`]
      : [],
  )
}
