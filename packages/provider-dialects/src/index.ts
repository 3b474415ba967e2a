import type { Provider, ProviderName } from './provider.ts'
import { adfs } from './providers/adfs.ts'
import { auth0 } from './providers/auth0.ts'
import { cognito } from './providers/cognito.ts'
import { entra } from './providers/entra.ts'
import { generic } from './providers/generic.ts'
import { google } from './providers/google.ts'
import { okta } from './providers/okta.ts'

export { type ProviderAddresses, providerAddresses } from './addresses.ts'
export { guidOf, pairwiseOf } from './identifiers.ts'
export {
  type CheckName,
  type ClaimNames,
  checks,
  type DirectoryPerson,
  type GroupForm,
  type Provider,
  type ProviderName,
  type Refusals,
  type Sourced,
} from './provider.ts'
export { type IssuerEntry, issuerEntry, transmitterEntry } from './trust.ts'

/** Every provider, by the name that `--as` takes. */
export const providers: Readonly<Record<ProviderName, Provider>> = {
  generic,
  entra,
  okta,
  google,
  auth0,
  cognito,
  adfs,
}

/** The names, `generic` first. */
export const providerNames = Object.keys(providers) as ProviderName[]

export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(providers, name)
}
