import type ClientPoliciesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPoliciesRepresentation.js'
import type ClientPolicyConditionRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPolicyConditionRepresentation.js'
import type ClientPolicyExecutorRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPolicyExecutorRepresentation.js'
import type ClientProfilesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientProfilesRepresentation.js'
import type { CheckedRealmSettings } from './settings.ts'

/** A rule for clients, however they came into the realm: imported, made by hand, registered by themselves. */
interface ClientRule {
  name: string
  description: string
  /** To whom it applies; all conditions must hold. */
  when: ClientPolicyConditionRepresentation[]
  enforce: ClientPolicyExecutorRepresentation[]
}

/** RFC 7523 section 2.1. */
const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** What each rule enforces. Keycloak keeps this apart from whom it applies to. */
export function buildClientProfiles(settings: CheckedRealmSettings): ClientProfilesRepresentation {
  return {
    profiles: rules(settings).map(({ name, description, enforce }) => ({ name, description, executors: enforce })),
  }
}

/** To whom each rule applies. */
export function buildClientPolicies(settings: CheckedRealmSettings): ClientPoliciesRepresentation {
  return {
    policies: rules(settings).map(({ name, description, when }) => ({
      name,
      description,
      enabled: true,
      conditions: when,
      profiles: [name],
    })),
  }
}

function rules(settings: CheckedRealmSettings): ClientRule[] {
  return [
    {
      name: 'every client',
      description: 'No implicit flow, no password grant (RFC 9700 sections 2.1.2 and 2.4)',
      when: [condition('any-client', {})],
      enforce: [executor('reject-implicit-grant'), executor('reject-ropc-grant')],
    },
    {
      name: 'public clients',
      description: 'PKCE with S256 (RFC 9700 section 2.1.1)',
      when: [condition('client-access-type', { type: ['public'] })],
      enforce: [executor('pkce-enforcer')],
    },
    {
      name: 'clients that register themselves',
      description: 'Exact redirect URIs (RFC 9700 section 2.1)',
      when: [
        condition('client-updater-context', {
          'update-client-source': ['ByAnonymous', 'ByInitialAccessToken', 'ByRegistrationAccessToken'],
        }),
      ],
      enforce: [exactRedirects(settings)],
    },
    ...(settings.profile === 'preview' ? [identityAssertions] : []),
    ...(settings.profile === 'preview' && settings.selfRegistrationHosts.length > 0
      ? [clientMetadataDocuments(settings)]
      : []),
  ]
}

const identityAssertions: ClientRule = {
  name: 'identity assertions',
  description: 'A token for an ID-JAG of the corporate IdP has no more scopes than the assertion names',
  when: [condition('grant-type', { grant_types: [jwtBearerGrant] })],
  enforce: [executor('downscope-assertion-grant-enforcer', {})],
}

function clientMetadataDocuments(settings: CheckedRealmSettings): ClientRule {
  const hosts = [...settings.selfRegistrationHosts]
  return {
    name: 'client metadata documents',
    description: 'A client_id may be the address of a document that describes the client',
    when: [
      condition('client-id-uri', {
        'client-id-uri-scheme': settings.development ? ['http', 'https'] : ['https'],
        'client-id-uri-allow-permitted-domains': hosts,
      }),
    ],
    enforce: [
      executor('client-id-metadata-document', {
        'cimd-allow-http-scheme': settings.development,
        'cimd-allow-permitted-domains': hosts,
        // Command line clients are called back on loopback, which is never the host of their document.
        'cimd-restrict-same-domain': false,
        'cimd-required-properties': [],
        'only-allow-confidential-client': false,
      }),
      exactRedirects(settings),
    ],
  }
}

/** Loopback may use http and any port (RFC 8252 section 7.3); `localhost` by name is accepted in development only. */
function exactRedirects({ development }: CheckedRealmSettings): ClientPolicyExecutorRepresentation {
  return executor('secure-redirect-uris-enforcer', {
    'allow-ipv4-loopback-address': true,
    'allow-ipv6-loopback-address': true,
    'allow-private-use-uri-scheme': false,
    'allow-http-scheme': development,
    'allow-wildcard-context-path': false,
    'allow-permitted-domains': [],
    'oauth-2-0-compliant': true,
    'oauth-2-1-compliant': false,
    'allow-open-redirect': false,
  })
}

function condition(name: string, configuration: object): ClientPolicyConditionRepresentation {
  return { condition: name, configuration }
}

function executor(
  name: string,
  configuration: object = { 'auto-configure': true },
): ClientPolicyExecutorRepresentation {
  return { executor: name, configuration }
}
