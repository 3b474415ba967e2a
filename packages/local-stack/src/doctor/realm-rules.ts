import { type CompanyRealm, lintRealm, realmRules as rulesOfAnyRealm } from '@mcp-identity/keycloak-realm'
import type { Rule } from './rule.ts'

/** A realm as Keycloak exports it, and what it is for. */
export interface ExaminedRealm {
  realm: CompanyRealm
  /** The resource URI of the MCP server. */
  resource: string
  development: boolean
}

/** What an administrator can see of a realm: the rules of `lintRealm`, and what MCP clients stumble over. */
export const realmRules: readonly Rule<ExaminedRealm>[] = [
  ...rulesOfAnyRealm.map(
    ({ id, title, mend }): Rule<ExaminedRealm> => ({
      id,
      severity: 'error',
      title,
      mend,
      check: ({ realm, development }) =>
        lintRealm(realm, { development })
          .filter(({ rule }) => rule === id)
          .map(({ path, message }) => `${path}: ${message}`),
    }),
  ),
  {
    id: 'KC-21',
    severity: 'error',
    title: 'every tool scope brings the audience of the MCP server',
    mend: 'Client scopes → the tool scope → Mappers → Audience: Included Client Audience is the resource URI. Without it the MCP server refuses the token and the client never learns why.',
    check: ({ realm, resource }) =>
      ((realm.clientScopes ?? []) as NamedScope[])
        .filter(isToolScope)
        .filter(({ protocolMappers = [] }) => !protocolMappers.some((mapper) => namesAudience(mapper, resource)))
        .map(({ name }) => `clientScopes[${name}] has no audience mapper for ${resource}`),
  },
  {
    id: 'KC-22',
    severity: 'error',
    title: 'client ID metadata documents that are announced can be used',
    mend: 'List the domains of the clients you know in the executor client-id-metadata-document, or take the executor out so that it is no longer announced.',
    check: ({ realm }) =>
      executorsOf(realm)
        .filter(({ executor }) => executor === 'client-id-metadata-document')
        .filter(({ configuration }) => !isFilledList(configuration?.['cimd-allow-permitted-domains']))
        .map(() => 'cimd-allow-permitted-domains is empty, which denies every document'),
  },
]

interface NamedScope {
  name?: string
  protocolMappers?: { protocolMapper?: string; config?: Record<string, string> }[]
}

function isToolScope({ name = '' }: NamedScope): boolean {
  return /^(read|write|admin):/.test(name)
}

function namesAudience(
  { protocolMapper, config = {} }: NonNullable<NamedScope['protocolMappers']>[number],
  resource: string,
): boolean {
  return (
    protocolMapper === 'oidc-audience-mapper' &&
    [config['included.client.audience'], config['included.custom.audience']].includes(resource)
  )
}

interface NamedExecutor {
  executor?: string
  configuration?: Record<string, unknown>
}

function executorsOf({ clientProfiles }: CompanyRealm): NamedExecutor[] {
  const { profiles = [] } = (clientProfiles ?? {}) as { profiles?: { executors?: NamedExecutor[] }[] }
  return profiles.flatMap(({ executors = [] }) => executors)
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}
