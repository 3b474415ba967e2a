import { isObject, readStrings } from '../claim-values.ts'
import { refuse } from '../token-error.ts'
import type { Claims } from '../verified-access-token.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of Entra ID. */
export interface EntraIdSettings extends Omit<IssuerSettings, 'issuer' | 'audience'> {
  /**
   * Issuer of one tenant, as in its tokens. Leave it out and give `tenants` instead, or write `{tenantid}` where the
   * tenant belongs and give both.
   */
  readonly issuer?: string
  /** Ids of the tenants whose tokens are accepted; no wildcard. Needed unless `issuer` names one tenant. */
  readonly tenants?: readonly string[]
  /**
   * The application (client) id of the API for tokens of version 2.0; for version 1.0 its application id URI too,
   * in every spelling that tokens have.
   */
  readonly audience: string | readonly string[]
  /** Versions of tokens that are accepted. Default: the version of `issuer`, else 2.0 only. */
  readonly tokenVersions?: readonly ('1.0' | '2.0')[]
  /** National cloud. Default `public`. */
  readonly cloud?: 'public' | 'us-government' | 'china'
  /** Accept people whose home is another tenant. Default false. */
  readonly acceptGuests?: boolean
}

/**
 * Tenants of Microsoft Entra ID.
 *
 * The subject is `oid`, which is one for all applications of a tenant. Tokens without `scp` are a service's and need
 * `roles`. Groups that the issuer left out because they are too many are unknown, never none; `microsoftGraphGroups`
 * finds them. A guest is refused unless told otherwise; an agent identity is told as `kind: 'agent'`.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function entraId(settings: EntraIdSettings): IssuerProfile {
  if (settings.issuer !== undefined) checkIssuerAddress({ ...settings, issuer: settings.issuer })
  const tenants = readTenants(settings)
  const versions = readVersions(settings)
  const { login, sts } = clouds[settings.cloud ?? 'public']
  const template = settings.issuer === undefined ? `${login}/{tenantid}/v2.0` : withPlaceholder(settings.issuer)
  const templates = versions.map((version) => templateOf(version, template, sts))
  const rules = { tenants, templates, isGuestAccepted: settings.acceptGuests === true }
  const keysOf = tenants.length === 1 ? tenants[0] : 'common'
  return defineIssuer(
    { ...settings, issuer: templates.length === 1 && tenants.length === 1 ? fill(template, tenants[0]) : template },
    {
      provider: 'entra-id',
      issuers: tenants.flatMap((tenant) => templates.map((each) => fill(each, tenant))),
      jwksUri: `${login}/${keysOf}/discovery/v2.0/keys`,
      algorithms: ['RS256'],
      headerTypes: ['jwt', 'at+jwt'],
      requiredClaims: ['exp', 'iat', 'sub', 'oid', 'tid', 'ver'],
      dialect,
      isOtherTenant: (iss) => templates.some((each) => fits(each, iss)),
      isKeyFor: (keyIssuer, { tid }) => tenants.some((tenant) => tenant === tid && isOfTenant(keyIssuer, tenant)),
      kindChecks: [checkHeaderNonce, checkTenant(rules), checkRights, checkNotIdToken, checkHome(rules)],
    },
  )
}

interface EntraRules {
  readonly tenants: readonly string[]
  readonly templates: readonly string[]
  readonly isGuestAccepted: boolean
}

const placeholder = '{tenantid}'
const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** Where the tenants of each national cloud sign in. Version 1.0 has one name for its issuers in the public cloud. */
const clouds = {
  public: { login: 'https://login.microsoftonline.com', sts: 'https://sts.windows.net' },
  'us-government': { login: 'https://login.microsoftonline.us', sts: 'https://sts.windows.net' },
  china: { login: 'https://login.partner.microsoftonline.cn', sts: 'https://sts.chinacloudapi.cn' },
} as const

const dialect: Dialect = {
  subject: ['oid'],
  clientId: ['azp', 'appid'],
  tokenId: ['uti', 'jti'],
  sessionId: ['sid'],
  scope: { claim: 'scp', form: 'string' },
  email: ['email', 'upn', 'preferred_username', 'unique_name'],
  name: ['name'],
  department: ['department'],
  tenant: ['tid'],
  groups: { claim: 'groups', whenAbsent: 'unknown', isIncomplete: hasGroupOverage },
  roles: (claims) => readStrings(claims, 'roles'),
  isService: ({ idtyp, scp }) => idtyp === 'app' || scp === undefined,
  isAgent: ({ xms_act_fct: facets }) => listOf(facets).includes(agentFacet),
}

/** Facet of an actor that is an AI agent. */
const agentFacet = '11'

function readTenants({ issuer, tenants }: EntraIdSettings): readonly string[] {
  const named = issuer === undefined ? undefined : guid.exec(issuer)?.[0]
  const all = tenants ?? (named === undefined ? [] : [named])
  if (all.length === 0 || !all.every((tenant) => new RegExp(`^${guid.source}$`, 'i').test(tenant))) {
    throw new TypeError('entraId needs the ids of the tenants whose tokens are accepted, in tenants or in issuer')
  }
  if (named !== undefined && tenants !== undefined && !tenants.includes(named)) {
    throw new TypeError('tenants must contain the tenant of issuer')
  }
  return Object.freeze([...all])
}

function readVersions({ issuer, tokenVersions }: EntraIdSettings): readonly ('1.0' | '2.0')[] {
  return tokenVersions ?? [issuer === undefined || issuer.endsWith('/v2.0') ? '2.0' : '1.0']
}

function templateOf(version: '1.0' | '2.0', template: string, sts: string): string {
  return version === '2.0' || !template.endsWith('/v2.0') ? template : `${sts}/${placeholder}/`
}

function withPlaceholder(issuer: string): string {
  return issuer.replace(guid, placeholder)
}

function fill(template: string, tenant = ''): string {
  return template.replace(placeholder, tenant)
}

function fits(template: string, iss: string): boolean {
  const [before = '', after = ''] = template.split(placeholder)
  return iss.startsWith(before) && iss.endsWith(after) && iss.length > before.length + after.length
}

/** Keys of Entra name the issuer they sign for, with or without the tenant filled in. */
function isOfTenant(keyIssuer: string, tenant: string): boolean {
  return keyIssuer.includes(placeholder) || keyIssuer.includes(tenant)
}

function listOf(facets: unknown): readonly string[] {
  return [facets].flat().flatMap((facet) => String(facet ?? '').split(' '))
}

/** Too many groups for a token: it says only that they exist. */
function hasGroupOverage(claims: Claims): boolean {
  const names = claims._claim_names
  return claims.hasgroups === true || claims.hasgroups === 'true' || (isObject(names) && names.groups !== undefined)
}

/** Tokens for Microsoft Graph have a `nonce` in the header that changes what is signed; they are for Graph alone. */
const checkHeaderNonce: Check = ({ header }) => {
  if (header?.hasNonce === true) refuse('not_an_access_token', 'the token is for Microsoft Graph')
}

/** `tid`, `ver` and `iss` must tell the same story. */
function checkTenant({ tenants }: EntraRules): Check {
  return ({ claims: { iss, tid, ver } }) => {
    if (!tenants.some((tenant) => tenant === tid))
      refuse('tenant_not_allowed', '"tid" must be a tenant that is accepted')
    const isVersion2 = typeof iss === 'string' && iss.endsWith('/v2.0')
    if (typeof iss !== 'string' || !iss.includes(String(tid)) || ver !== (isVersion2 ? '2.0' : '1.0')) {
      refuse('claim_invalid', '"tid" and "ver" must fit "iss"')
    }
  }
}

/** A person's token has `scp`; a service's has none and is worth nothing without `roles`. */
const checkRights: Check = ({ claims: { scp, roles } }) => {
  if (scp !== undefined || (Array.isArray(roles) && roles.length > 0)) return
  refuse('not_an_access_token', 'the token has neither "scp" nor "roles"')
}

/** ID tokens have no `azp` or `appid`, but the `nonce` of the sign-in. */
const checkNotIdToken: Check = ({ claims: { nonce, azp, appid } }) => {
  if (nonce !== undefined || (azp === undefined && appid === undefined)) {
    refuse('not_an_access_token', 'an ID token is not an access token')
  }
}

/** `idp` is there when somebody was signed in by another tenant or provider; `acct` 1 is a guest. */
function checkHome({ isGuestAccepted }: EntraRules): Check {
  return ({ claims: { idp, iss, tid, acct } }) => {
    const isHome = idp === undefined || idp === iss || (typeof idp === 'string' && idp.includes(String(tid)))
    if (isGuestAccepted || (isHome && acct !== 1 && acct !== '1')) return
    refuse('guest_not_allowed', 'guests of the tenant are not accepted')
  }
}
