import { type CompanyRealm, lintRealm, type RealmFinding } from '@mcp-identity/keycloak-realm'
import type { Finding } from './rule.ts'

/** A realm as Keycloak exports it, and what it is for. */
export interface ExaminedRealm {
  realm: CompanyRealm
  /** The resource URI of the MCP server. */
  resource: string
  development: boolean
}

/** What an administrator can see of a realm: the rules of `lintRealm`, and what MCP clients stumble over. */
export function examineRealm({ realm, resource, development }: ExaminedRealm): Finding[] {
  return [
    ...lintRealm(realm, { development }).map(fromLint),
    ...missingAudiences(realm, resource),
    ...unreachableClientDocuments(realm),
  ]
}

const mendInCode =
  'Change packages/keycloak-realm and start again with pnpm dev --reset, or set it in the admin console.'

function fromLint({ rule, path, message }: RealmFinding): Finding {
  return {
    rule,
    severity: 'error',
    title: 'the realm keeps the rules of RFC 9700',
    seen: `${path}: ${message}`,
    mend: mendInCode,
  }
}

interface NamedScope {
  name?: string
  protocolMappers?: { protocolMapper?: string; config?: Record<string, string> }[]
}

/** A tool scope whose tokens lack the audience gives tokens that the MCP server refuses, and the client never learns why. */
function missingAudiences(realm: CompanyRealm, resource: string): Finding[] {
  const scopes = (realm.clientScopes ?? []) as NamedScope[]
  return scopes.filter(isToolScope).flatMap(({ name = '', protocolMappers = [] }) =>
    protocolMappers.some((mapper) => namesAudience(mapper, resource))
      ? []
      : [
          {
            rule: 'KC-21',
            severity: 'error' as const,
            title: 'every tool scope brings the audience of the MCP server',
            seen: `clientScopes[${name}] has no audience mapper for ${resource}`,
            mend: 'Add an oidc-audience-mapper with included.client.audience set to the resource URI.',
          },
        ],
  )
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

/** The list of permitted domains denies everything where it is empty. */
function unreachableClientDocuments(realm: CompanyRealm): Finding[] {
  const profiles = (
    (
      realm.clientProfiles as {
        profiles?: { executors?: { executor?: string; configuration?: Record<string, unknown> }[] }[]
      }
    )?.profiles ?? []
  ).flatMap(({ executors = [] }) => executors)
  return profiles
    .filter(({ executor }) => executor === 'client-id-metadata-document')
    .filter(({ configuration }) => {
      const domains = configuration?.['cimd-allow-permitted-domains']
      return !Array.isArray(domains) || domains.length === 0
    })
    .map(() => ({
      rule: 'KC-22',
      severity: 'error' as const,
      title: 'client ID metadata documents that are announced can be used',
      seen: 'cimd-allow-permitted-domains is empty, which denies every document',
      mend: 'List the domains of the clients you know, or take the executor out so that it is no longer announced.',
    }))
}
