import { hash } from 'node:crypto'
import type { PolicyCaller } from '../caller.ts'
import type { PolicyEngine } from '../policy-engine.ts'
import { accessMatrix, type Reach } from '../reach.ts'
import { includedScopes } from '../scope-hierarchy.ts'
import { describeRows } from './describe-rows.ts'
import type { RealmAccess, RealmAccount, RealmGroup, RoleSource } from './realm-accounts.ts'

/** When an account last used a tool, as the audit log tells. */
export interface ToolUse {
  /** ISO instant of the last call that was allowed. */
  lastAllowedAt: string | undefined
  allowedCalls: number
  refusedCalls: number
}

/** One step from a group to a scope: what has to change for the grant to end. */
export interface GrantReason extends RoleSource {
  /** Scope of the tool that the role carries. */
  scope: string
}

/** What one account may do with one tool. */
export interface AccessGrant {
  /** Stays the same for the same account and tool. */
  id: string
  tool: string
  /** `sometimes`: under the `conditions` only. */
  access: 'always' | 'sometimes'
  /** Which records, in words: `all records`, or a condition on their attributes. */
  records: string
  /** Sentences of the policies. */
  conditions: string[]
  /** Group → role → scope. Empty for a tool that takes no scope. */
  why: GrantReason[]
  /** Policies that permit it. */
  policies: string[]
  lastUsed: string | null
  calls: number
  neverUsed: boolean
}

/** An account under review. */
export interface ReviewedAccount extends Omit<RealmAccount, 'roles'> {
  roles: string[]
  grants: AccessGrant[]
}

/** A group, as what a new member would get. */
export interface ReviewedGroup extends RealmGroup {
  grants: Pick<AccessGrant, 'tool' | 'access' | 'records' | 'conditions' | 'policies'>[]
}

/** Who may do what, on which records, under which conditions, and why: at one moment. */
export interface AccessReview {
  /** ISO instant at which the realm was read. */
  at: string
  issuer: string
  resource: string
  policyVersion: string
  accounts: ReviewedAccount[]
  groups: ReviewedGroup[]
  /** Tools that no account can use. */
  reachedByNobody: string[]
  /** Tools that every account can use on every record, at any hour. */
  reachedByEverybody: string[]
  /** What could not be read, and is missing here. */
  warnings: string[]
}

export interface ReviewAccessOptions {
  engine: PolicyEngine
  realm: RealmAccess
  useOf: (issuer: string, subject: string, tool: string) => ToolUse | undefined
  /** Seconds since the epoch. */
  at: number
}

/**
 * Joins what the realm gives with what the policies permit and what was used.
 *
 * An account is asked about with every scope that its roles can carry: what it could have, not what one token has.
 * A disabled account keeps its grants here, since enabling it brings them back; `isEnabled` tells.
 */
export function reviewAccess({ engine, realm, useOf, at }: ReviewAccessOptions): AccessReview {
  const accounts = new Map(realm.accounts.map((account) => [account.subject, account]))
  const matrix = accessMatrix(engine, new Map(realm.accounts.map((one) => [one.subject, callerOf(one)])), at)
  const reachOf = (subject: string) => matrix.reach.filter(({ who, access }) => who === subject && access !== 'never')
  return {
    at: new Date(at * 1000).toISOString(),
    issuer: realm.issuer,
    resource: realm.resource,
    policyVersion: matrix.version,
    accounts: [...accounts.values()].map(({ roles, ...account }) => ({
      ...account,
      roles: [...new Set(roles.map(({ role }) => role))],
      grants: reachOf(account.subject).map((reach) => grantOf(engine, { roles, ...account }, reach, useOf)),
    })),
    groups: reviewGroups(engine, realm, at),
    reachedByNobody: matrix.reachedByNobody,
    reachedByEverybody: realm.accounts.length === 0 ? [] : matrix.reachedByEverybody,
    warnings: realm.warnings,
  }
}

/** The account as its tokens would describe it, were every scope granted that its roles carry. */
function callerOf(account: RealmAccount): PolicyCaller {
  const roles = [...new Set(account.roles.map(({ role }) => role))]
  const { kind, issuer, subject, clientId = 'any client' } = account
  const { name, email, department, groups, zoneinfo, country } = account
  return { kind, issuer, subject, clientId, name, email, department, groups, zoneinfo, country, roles, scopes: roles }
}

function grantOf(
  engine: PolicyEngine,
  account: RealmAccount,
  reach: Reach,
  useOf: ReviewAccessOptions['useOf'],
): AccessGrant {
  const use = useOf(account.issuer, account.subject, reach.tool)
  const { model } = engine.schema
  const why = (model.tools[reach.tool]?.scopes ?? []).flatMap((scope) =>
    account.roles
      .filter(({ role }) => includedScopes([role], model.scopeHierarchy).has(scope))
      .map((source) => ({ ...source, scope })),
  )
  return {
    id: hash('sha256', JSON.stringify([account.issuer, account.subject, reach.tool]), 'base64url').slice(0, 22),
    ...withoutReason(reach),
    why,
    lastUsed: use?.lastAllowedAt ?? null,
    calls: use?.allowedCalls ?? 0,
    neverUsed: use?.lastAllowedAt === undefined,
  }
}

function withoutReason({ tool, access, rows, because, policies }: Reach) {
  return {
    tool,
    access: access === 'always' ? ('always' as const) : ('sometimes' as const),
    records: describeRows(rows),
    conditions: because === '' ? [] : [because],
    policies,
  }
}

function reviewGroups(engine: PolicyEngine, realm: RealmAccess, at: number): ReviewedGroup[] {
  const asked = new Map(realm.groups.map((group) => [group.path, memberOf(group, realm.issuer)]))
  const { reach } = accessMatrix(engine, asked, at)
  return realm.groups.map((group) => ({
    ...group,
    grants: reach.filter(({ who, access }) => who === group.path && access !== 'never').map(withoutReason),
  }))
}

/** Somebody of whom nothing is known but the group; conditions about teams then say what it takes. */
function memberOf({ name, path, roles }: RealmGroup, issuer: string): PolicyCaller {
  const place = { zoneinfo: 'UTC', department: 'their own' }
  return {
    kind: 'person',
    issuer,
    subject: path,
    clientId: 'any client',
    groups: [name],
    roles,
    scopes: roles,
    ...place,
  }
}
