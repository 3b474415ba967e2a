import type { ProviderDialect } from '@mcp-identity/test-kit'

/** Names of the providers, as `--as`, `--corporate-idp` and `--issuer` take them. */
export type ProviderName = EmulatedName | 'keycloak'

/** Those that the corporate IdP can speak as. Keycloak is never emulated: it runs. */
export type EmulatedName = 'generic' | 'entra' | 'okta' | 'google' | 'auth0' | 'cognito' | 'adfs'

/** A person of the directory, before a provider words who she is. */
export interface DirectoryPerson {
  /** Never changes and never passes to somebody else. */
  readonly subject: string
  readonly username: string
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly department: string
  /** IANA time zone. */
  readonly zoneinfo: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** Names of groups. */
  readonly groups: readonly string[]
}

/** A statement about a provider, and where it is written. */
export interface Sourced {
  readonly text: string
  /** Address of the provider's own documentation or of the specification. */
  readonly source: string
}

/**
 * One way in which a provider tells others, by itself, that somebody was disabled or changed groups. `at once` is within
 * a second or so; `in cycles` is when its next round of provisioning begins.
 */
export interface Told extends Sourced {
  readonly by: 'SCIM' | 'logout token' | 'security events'
  readonly when: 'at once' | 'in cycles'
}

/** How a provider's provisioning words a change (RFC 7644 section 3.5.2 leaves it to the client). */
export type ScimWording = 'with path' | 'without path'

/** The two places of a provider: behind Keycloak, or the issuer of access tokens itself. */
export type ProviderRole = 'corporate IdP' | 'issuer'

/** Something that a provider cannot do, and what the stack does about it. */
export interface Limit extends Sourced {
  readonly instead: string
  /** The one role in which it matters; absent: in both. */
  readonly only?: ProviderRole
}

/** What a provider cannot do in a role. */
export function limitsOf({ cannot }: Pick<Provider, 'cannot'>, role: ProviderRole): readonly Limit[] {
  return cannot.filter(({ only = role }) => only === role)
}

/** Where a provider answers, as paths below its origin; absent: it has no such endpoint. */
export interface ProviderPaths {
  /** Appended to the origin gives `iss`; Auth0's is a slash alone, Google's is empty. */
  readonly issuer: string
  /** Every address of the metadata (OpenID Connect Discovery 1.0, RFC 8414). */
  readonly metadata: readonly string[]
  readonly authorization: string
  readonly token: string
  readonly keys: string
  readonly userInfo: string
  readonly endSession: string
  readonly revocation?: string
  /** Google's question about an opaque access token. */
  readonly tokenInfo?: string
}

/** What is checked of every provider in both roles; the columns of the matrix. */
export const checks = [
  'sign in',
  'identity claims',
  'group → tool',
  'step-up',
  'refresh',
  'key rotation',
  'disable → denied',
] as const

export type CheckName = (typeof checks)[number]

/** How a provider words the errors of OAuth; the code stays, the description is its own. */
export interface Refusals {
  /** Shown to somebody whose account is disabled, after the right password. */
  readonly disabledAtSignIn: string
  /** A refresh token whose session, grant or person has ended. */
  readonly refreshEnded: string
  readonly codeInvalid: string
  readonly unknownScope: string
  readonly unknownResource: string
  readonly clientInvalid: string
}

/** One provider: a table of data and the few functions that word a person. */
export interface Provider {
  readonly name: ProviderName
  /** As people write it. */
  readonly title: string
  /** What the tables are taken from. */
  readonly sources: readonly string[]
  readonly paths: ProviderPaths
  /** `iss` of access tokens, where it is not the issuer of the metadata. @param host With port. */
  readonly accessTokenIssuer?: (host: string) => string
  /** Members of the metadata beside issuer and endpoints. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly clientIds: {
    /** Keycloak, as an application of this provider. */
    readonly broker: string
    /** The MCP client that people use on their own machines. */
    readonly cli: string
  }
  /** Identifiers of the made-up tenant, for the metadata and the claims. */
  readonly tenant?: string
  readonly idToken: {
    /** Scopes that the broker asks for. */
    readonly scopes: readonly string[]
    readonly lifetimeSeconds: number
    readonly claims: (person: DirectoryPerson, clientId: string) => Record<string, unknown>
  }
  /** Which claim of the ID token says what, for brokering. */
  readonly claimNames: ClaimNames
  readonly groups: GroupForm
  readonly accessToken: {
    readonly lifetimeSeconds: number
    /** The dialect of the test kit that words it. `opaque`: it has no claims, and the provider is asked about it. */
    readonly form: ProviderDialect | 'opaque'
    /** How opaque access tokens begin. */
    readonly prefix?: string
    /** How the ids of access tokens begin. */
    readonly idPrefix?: string
    /** What is put into `aud`. @param resource The MCP server's URI. */
    readonly audience: (resource: string) => string
    /** Added by an administrator: what the policies need and the provider does not send by itself. */
    readonly added: (person: DirectoryPerson) => Record<string, unknown>
    /** The subject that resource servers know a person by. */
    readonly subject: (person: DirectoryPerson) => string
    /** `sub` where it is another one. */
    readonly otherSubject?: (person: DirectoryPerson, clientId: string) => string
  }
  readonly scopes: {
    /** `bare`: as the MCP server names them. `prefixed`: behind the resource and a slash. `none`: an API has none here. */
    readonly asked: 'bare' | 'prefixed' | 'none'
    /** Whether access tokens keep the prefix. */
    readonly keepsPrefix: boolean
    /** Asked for instead, where an API has no scopes of its own. */
    readonly signIn: readonly string[]
    /** Scopes of its own that a client may ask for beside those of the API. */
    readonly own: readonly string[]
    /** Whether a person gets the scopes of an API that her groups have, or everybody all that are asked for. */
    readonly granted: 'by group' | 'to everybody'
    /** What happens to a scope that is not known. */
    readonly unknown: 'refused' | 'dropped'
  }
  /** What the provider does with the parameter `resource` (RFC 8707) of every MCP client. */
  readonly resource: 'honoured' | 'ignored'
  readonly refresh: {
    /** What a client must do to get a refresh token. */
    readonly askedBy: 'offline_access' | 'nothing'
    readonly rotates: boolean
    readonly lifetimeSeconds: number
  }
  readonly refusals: Refusals
  /** Turns an OAuth error into the whole body that the provider answers with. Default: the standard members. */
  readonly errorBody?: (error: string, description: string, at: Date) => Record<string, unknown>
  /** Entry of MCP_ISSUERS beside `issuer`. @param origin Where it answers. */
  readonly verifier: (origin: string, resource: string) => Readonly<Record<string, unknown>>
  /**
   * What the provider itself tells Keycloak when somebody is disabled; empty: nothing, and the company's own leaver
   * process has to. No provider tells a resource server behind it.
   */
  readonly tells: readonly Told[]
  /** How it words what it sends by SCIM; absent: it provisions nobody. */
  readonly scim?: ScimWording
  /** What the provider cannot do, each with what the stack does about it. Read out by the demonstration. */
  readonly cannot: readonly Limit[]
  /** Cells of the matrix that this provider cannot fill as the issuer; a broken cell is a failure, not a limit. */
  readonly limitsAsIssuer: Readonly<Partial<Record<CheckName, Sourced>>>
}

/** Claims of the ID token; absent ones are not in it. */
export interface ClaimNames {
  readonly username: string
  /** Whether that claim holds an address, of which the part before the @ is the user name. */
  readonly usernameIsAddress: boolean
  readonly email: string
  readonly givenName: string
  readonly familyName: string
  readonly department?: string
  readonly zoneinfo?: string
  readonly country?: string
  /** Absent: groups come by provisioning only. */
  readonly groups?: string
  /** A claim that must have this value, or nobody is let in. */
  readonly required?: { readonly claim: string; readonly value: string }
}

export interface GroupForm {
  /** What the claim holds. */
  readonly form: 'names' | 'ids' | 'none'
  /** What stands in the claim for a group of the directory. */
  readonly valueOf: (group: string) => string
  /** The most groups that a token carries. Absent: all of them. */
  readonly most?: number
  /** What a token has in their place when there are more. Absent: the request for it fails. */
  readonly beyond?: (person: DirectoryPerson) => Readonly<Record<string, unknown>>
}

/** Domain of the made-up company. */
export const companyDomain = 'company.com'

/** Stands where only the names of claims count, or the subject alone. */
export const nobody: DirectoryPerson = {
  subject: 'nobody',
  username: 'nobody',
  givenName: '',
  familyName: '',
  email: '',
  department: '',
  zoneinfo: '',
  country: '',
  groups: [],
}

/** What the demonstration's policies ask of a person beyond name and groups. */
export function placeClaims({ zoneinfo, country }: DirectoryPerson): Record<string, unknown> {
  return { zoneinfo, country }
}

export function fullNameOf({ givenName, familyName }: DirectoryPerson): string {
  return `${givenName} ${familyName}`
}
