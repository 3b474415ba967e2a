import { findAlgorithm, type SignatureAlgorithm } from '../algorithms.ts'
import { readStringOrStrings } from '../claim-values.ts'
import { checkSecureAddress } from '../secure-address.ts'
import type { Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

type FromSettings =
  | 'issuer'
  | 'audiences'
  | 'clientIds'
  | 'allowInsecureHttp'
  | 'resolveGroups'
  | 'groupNames'
  | 'scopePrefix'
type WithDefault = 'companionAudiences' | 'exactAudience' | 'issuers' | 'jwksUri' | 'online' | 'hasSignedTokens'

/** What a preset adds to the settings that all have in common. */
export type ProviderRules = Omit<IssuerProfile, FromSettings | WithDefault> & Partial<Pick<IssuerProfile, WithDefault>>

/**
 * Joins the settings given for an issuer and the rules of its provider.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function defineIssuer(settings: IssuerSettings, rules: ProviderRules): IssuerProfile {
  const allowInsecureHttp = settings.dangerouslyAllowInsecureHttp === true
  const jwksUri = settings.jwksUri ?? rules.jwksUri
  if (jwksUri !== undefined) checkSecureAddress('jwksUri', jwksUri, allowInsecureHttp)
  return Object.freeze({
    ...rules,
    issuer: settings.issuer,
    issuers: rules.issuers ?? [settings.issuer],
    audiences: settings.audience === undefined ? undefined : checkList('audience', [settings.audience].flat()),
    companionAudiences: rules.companionAudiences ?? [],
    exactAudience: settings.exactAudience ?? rules.exactAudience ?? false,
    algorithms: checkAlgorithms(settings.algorithms ?? rules.algorithms),
    clientIds: settings.clientIds && checkList('clientIds', settings.clientIds),
    jwksUri,
    hasSignedTokens: rules.hasSignedTokens ?? true,
    online: rules.online,
    dialect: nameClaims(rules.dialect, settings),
    allowInsecureHttp,
    resolveGroups: settings.resolveGroups,
    groupNames: settings.groupNames && new Map(Object.entries(settings.groupNames)),
    scopePrefix: settings.scopePrefix || undefined,
  })
}

/**
 * Checks that an issuer is an https address, or http on this machine where that was switched on.
 *
 * @throws {TypeError}
 */
export function checkIssuerAddress({ issuer, dangerouslyAllowInsecureHttp }: IssuerSettings): URL {
  return checkSecureAddress('issuer', issuer, dangerouslyAllowInsecureHttp === true)
}

function nameClaims(dialect: Dialect, { claimNames = {}, groupsWhenAbsent }: IssuerSettings): Dialect {
  const { email, name, department, groups, roles, tenant } = claimNames
  return {
    ...dialect,
    ...(email !== undefined && { email: [email] }),
    ...(name !== undefined && { name: [name] }),
    ...(department !== undefined && { department: [department] }),
    ...(tenant !== undefined && { tenant: [tenant] }),
    ...(roles !== undefined && { roles: (claims) => readStringOrStrings(claims, roles) }),
    groups: {
      ...dialect.groups,
      ...(groups !== undefined && { claim: groups }),
      ...(groupsWhenAbsent !== undefined && { whenAbsent: groupsWhenAbsent }),
    },
  }
}

function checkList(name: string, values: readonly unknown[]): readonly string[] {
  const strings = values.filter((value) => typeof value === 'string' && value !== '') as string[]
  if (strings.length === 0 || strings.length !== values.length) {
    throw new TypeError(`${name} must name at least one string, and no empty ones`)
  }
  return Object.freeze(strings)
}

function checkAlgorithms(algorithms: readonly SignatureAlgorithm[]): readonly SignatureAlgorithm[] {
  const unknown = algorithms.find((name) => findAlgorithm(name) === undefined)
  if (algorithms.length === 0 || unknown !== undefined) {
    throw new TypeError(
      `algorithms must be among RS256, PS256, ES256, ES384, EdDSA, Ed25519, found ${unknown ?? 'none'}`,
    )
  }
  return algorithms
}
