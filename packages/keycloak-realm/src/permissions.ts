import { clientIds, groupOfEverybody } from './names.ts'

/** A scope of the MCP server and what the consent page says about it. */
export const toolScopes = {
  'read:customers': 'Read customer records',
  'write:own-data': "Change your own team's customers",
  'write:customers': 'Change and delete any customer',
  'admin:reports': 'Run reports and export the audit log',
  'read:finance': 'Read invoices',
} as const

export type ToolScope = keyof typeof toolScopes

/** Roles of the MCP server bear the names of its scopes: a person is granted a scope only when she has the role. */
export const toolScopeNames = Object.keys(toolScopes) as ToolScope[]

export interface GroupGrant {
  /** Name of the group, the same in the corporate directory and in the realm. */
  group: string
  toolRoles: readonly ToolScope[]
  /** Whether members may use the MCP server at all, if only to ask who they are, and see and end their own sessions. */
  entry?: true
  /** Whether members may also use the corporate IdP's admin API and, in development, rotate the realm's keys. */
  directoryAdmin?: true
}

/** Group of the corporate directory → client roles. This table is the whole permission model on Keycloak's side. */
export const groupGrants: readonly GroupGrant[] = [
  { group: groupOfEverybody, toolRoles: [], entry: true },
  { group: 'Customer Admins', toolRoles: ['read:customers', 'write:own-data', 'write:customers'] },
  { group: 'Customer Readers', toolRoles: ['read:customers'] },
  { group: 'Account Managers', toolRoles: ['read:customers', 'write:own-data'] },
  {
    group: 'Administrators',
    toolRoles: ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance'],
  },
  { group: 'Operations', toolRoles: ['read:customers', 'admin:reports'] },
  { group: 'Data Analysts', toolRoles: ['read:customers', 'admin:reports'] },
  { group: 'Directory Administrators', toolRoles: ['admin:reports'], directoryAdmin: true },
]

/** What the service client may do. It acts for nobody. */
export const serviceToolRoles: readonly ToolScope[] = ['read:customers', 'admin:reports']

/** What the scope for the realm's keys carries: settings and keys are one role in Keycloak. */
export const realmKeysRole = 'manage-realm'

/** Who needs which of Keycloak's administrative roles, and no more. */
export const administrativeRoles = {
  resourceServer: ['view-events', 'view-users'],
  [clientIds.provisioner]: ['manage-users', 'view-users', 'query-users', 'query-groups'],
} as const
