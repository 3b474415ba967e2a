import { findAlgorithm, type SignatureAlgorithm } from '../algorithms.ts'
import { checkSecureAddress } from '../secure-address.ts'
import type { IssuerProfile, IssuerSettings } from './issuer-profile.ts'

type Defined =
  | 'issuer'
  | 'audiences'
  | 'algorithms'
  | 'clientIds'
  | 'exactAudience'
  | 'allowInsecureHttp'
  | 'resolveGroups'

/** What a preset adds to the settings that all have in common. */
export type ProviderRules = Omit<IssuerProfile, Defined | 'companionAudiences' | 'issuers' | 'jwksUri'> &
  Partial<Pick<IssuerProfile, 'companionAudiences' | 'issuers' | 'jwksUri'>> & {
    readonly algorithms: readonly SignatureAlgorithm[]
    readonly exactAudience?: boolean
  }

/**
 * Joins the settings given for an issuer and the rules of its provider.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function defineIssuer(settings: IssuerSettings, rules: ProviderRules): IssuerProfile {
  const allowInsecureHttp = settings.dangerouslyAllowInsecureHttp === true
  checkSecureAddress('issuer', settings.issuer, allowInsecureHttp)
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
    allowInsecureHttp,
    resolveGroups: settings.resolveGroups,
  })
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
