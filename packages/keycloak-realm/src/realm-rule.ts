import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js'

export interface RealmFinding {
  /** Stable name of the rule, such as `KC-01`. */
  rule: string
  /** Where in the realm: `clients[mcp-cli].redirectUris`. */
  path: string
  /** What was found, and what it should be. */
  message: string
}

export interface LintOptions {
  /** Longest lifetime of access tokens that is accepted, in seconds. Default 3600. */
  longestAccessTokenLifespanSeconds?: number
  /** Accepts http on loopback, and only there. Default false. */
  development?: boolean
}

/** Either what {@link buildRealm} gives or what Keycloak exports. */
export type LintableRealm = Omit<RealmRepresentation, 'components'> & {
  components?: unknown
  [member: string]: unknown
}

/** One thing that must hold of a realm. */
export interface RealmRule {
  /** Stable name, such as `KC-01`. */
  readonly id: string
  /** What the rule asks for. */
  readonly title: string
  /** The setting that mends it, as Keycloak's admin console names it. */
  readonly mend: string
}

/** A rule with what it looks at. */
export interface CheckedRule extends RealmRule {
  check(realm: LintableRealm, options: Required<LintOptions>): Omit<RealmFinding, 'rule'>[]
}
