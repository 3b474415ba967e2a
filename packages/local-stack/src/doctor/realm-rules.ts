import { type CompanyRealm, lintRealm, realmRules as rulesOfAnyRealm } from '@mcp-identity/keycloak-realm'
import type { Rule } from './rule.ts'

/** A realm as Keycloak exports it, and what it is for. */
export interface ExaminedRealm {
  realm: CompanyRealm
  /** The resource URI of the MCP server. */
  resource: string
  development: boolean
}

/** A realm beside the scopes that the MCP server publishes for its tools. */
export interface RealmSubject extends ExaminedRealm {
  scopes: readonly string[]
}

const registrationPolicyType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy'

/** What an administrator can see of a realm: the rules of `lintRealm`, and what MCP clients stumble over. */
export const realmRules: readonly Rule<RealmSubject>[] = [
  ...rulesOfAnyRealm.map(
    ({ id, title, mend }): Rule<RealmSubject> => ({
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
    applies: namesScopes,
    check: ({ realm, resource, scopes }) =>
      scopes.flatMap((scope) => {
        const found = ((realm.clientScopes ?? []) as NamedScope[]).find(({ name }) => name === scope)
        if (found === undefined) return [`there is no client scope ${scope}, which the MCP server publishes`]
        const { protocolMappers = [] } = found
        return protocolMappers.some((mapper) => namesAudience(mapper, resource))
          ? []
          : [`clientScopes[${scope}] has no audience mapper for ${resource}`]
      }),
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
  {
    id: 'KC-23',
    severity: 'error',
    title: 'clients that register themselves may be given every tool scope',
    mend: 'Clients → Client registration → Client registration policies → Anonymous access → Allowed Client Scopes: add them. A client without them can never step up.',
    applies: (subject) => namesScopes(subject) && allowedScopes(subject.realm) !== undefined,
    check: ({ realm, scopes }) => {
      const missing = scopes.filter((scope) => !allowedScopes(realm)?.includes(scope))
      return missing.length === 0 ? undefined : `Allowed Client Scopes lacks ${missing.join(', ')}`
    },
  },
]

/** What the MCP server's metadata tells about the scopes of its tools; nothing where it has none. */
function namesScopes({ scopes }: RealmSubject): boolean {
  return scopes.length > 0
}

interface NamedPolicy {
  providerId?: string
  subType?: string
  config?: Record<string, string[]>
}

/** Undefined where no policy confines the scopes of clients that register without a token. */
function allowedScopes({ components }: CompanyRealm): string[] | undefined {
  const policies = (components as Record<string, NamedPolicy[]> | undefined)?.[registrationPolicyType] ?? []
  const policy = policies.find(
    ({ providerId, subType }) => providerId === 'allowed-client-templates' && subType === 'anonymous',
  )
  return policy && (policy.config?.['allowed-client-scopes'] ?? [])
}

interface NamedScope {
  name?: string
  protocolMappers?: { protocolMapper?: string; config?: Record<string, string> }[]
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
