import type { IssuerProfile, IssuerSettings } from '@mcp-identity/token-verifier'
import { adfs, auth0, cognito, entraId, google, keycloak, oauthIssuer, okta } from '@mcp-identity/token-verifier'

/** One entry of MCP_ISSUERS: the provider, and the settings of its preset. */
export interface IssuerConfig {
  provider: string
  issuer: string
  audience?: string | string[] | undefined
  jwksUri?: string | undefined
  [setting: string]: unknown
}

type Preset = (settings: never) => IssuerProfile

/** Names in MCP_ISSUERS: those of the presets. */
const presets: Readonly<Record<string, Preset>> = { keycloak, entraId, auth0, okta, cognito, google, adfs, oauthIssuer }

/** The ways in which people write them. */
const otherNames: Readonly<Record<string, string>> = {
  'entra-id': 'entraId',
  entra: 'entraId',
  azuread: 'entraId',
  oauth: 'oauthIssuer',
  rfc9068: 'oauthIssuer',
}

/** Every name that MCP_ISSUERS takes as a provider. */
export const providerNames: readonly string[] = Object.keys(presets)

export function isProviderName(name: string): boolean {
  return Object.hasOwn(presets, name) || Object.hasOwn(otherNames, name)
}

/**
 * Makes the verifier's profile of one entry of MCP_ISSUERS.
 *
 * @param allowInsecureHttp Development only: http addresses of this machine.
 * @throws {TypeError} A setting of the provider is missing or wrong.
 */
export function issuerProfile({ provider, ...settings }: IssuerConfig, allowInsecureHttp: boolean): IssuerProfile {
  const name = otherNames[provider] ?? provider
  const preset = presets[name]
  if (preset === undefined) throw new TypeError(`there is no provider ${provider}`)
  const all: IssuerSettings = { ...(settings as IssuerSettings), dangerouslyAllowInsecureHttp: allowInsecureHttp }
  return preset(all as never)
}

/**
 * How clients have to name scopes when they ask for them: behind `scopePrefix`, or all as `signInScopes` where an API
 * has no scopes of its own. One protected resource names them one way, so every issuer must want the same.
 *
 * @throws {TypeError} Two issuers want scopes named differently.
 */
export function scopeNaming(issuers: readonly IssuerConfig[]): (scopes: readonly string[]) => readonly string[] {
  const forms = new Set(
    issuers.map(({ scopePrefix = '', signInScopes }) => JSON.stringify([scopePrefix, signInScopes])),
  )
  if (forms.size > 1) {
    throw new TypeError(
      'all issuers must have the same scopePrefix and signInScopes: clients are told one form of scopes',
    )
  }
  const [{ scopePrefix = '', signInScopes } = {} as IssuerConfig] = issuers
  if (Array.isArray(signInScopes)) return () => signInScopes.map(String)
  return (scopes) => scopes.map((scope) => `${String(scopePrefix)}${scope}`)
}
