import type { EmulatedName, Provider, ProviderName } from './provider.ts'
import { adfs } from './providers/adfs.ts'
import { auth0 } from './providers/auth0.ts'
import { cognito } from './providers/cognito.ts'
import { entra } from './providers/entra.ts'
import { generic } from './providers/generic.ts'
import { google } from './providers/google.ts'
import { keycloak } from './providers/keycloak.ts'
import { okta } from './providers/okta.ts'

export { type ProviderAddresses, providerAddresses } from './addresses.ts'
export { guidOf, pairwiseOf } from './identifiers.ts'
export {
  type CheckName,
  type ClaimNames,
  checks,
  type DirectoryPerson,
  type EmulatedName,
  type GroupForm,
  type Limit,
  limitsOf,
  nobody,
  type Provider,
  type ProviderName,
  type ProviderRole,
  type Refusals,
  type ScimWording,
  type Sourced,
  type Told,
} from './provider.ts'
export { type SamlAddresses, samlAddresses, samlAttributeNames, samlAttributesOf } from './saml.ts'
export { type IssuerEntry, issuerEntry, transmitterEntry } from './trust.ts'

const emulated: Readonly<Record<EmulatedName, Provider>> = { generic, entra, okta, google, auth0, cognito, adfs }

/** Every provider, by name. */
export const providers: Readonly<Record<ProviderName, Provider>> = { ...emulated, keycloak }

/** The names, `generic` first. */
export const providerNames = Object.keys(providers) as ProviderName[]

/** The names that `--as` takes, `generic` first. */
export const emulatedNames = Object.keys(emulated) as EmulatedName[]

export function isEmulatedName(name: string): name is EmulatedName {
  return Object.hasOwn(emulated, name)
}
