import type ClientPoliciesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPoliciesRepresentation.js'
import type ClientPolicyExecutorRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientPolicyExecutorRepresentation.js'
import type ClientProfilesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientProfilesRepresentation.js'
import type { CheckedRealmSettings } from './settings.ts'

/** What must hold for clients however they came into the realm: imported, made by hand, registered by themselves. */
export function buildClientProfiles(settings: CheckedRealmSettings): ClientProfilesRepresentation {
  return {
    profiles: [
      {
        name: 'every-client',
        description: 'No implicit flow, no password grant (RFC 9700 sections 2.1.2 and 2.4)',
        executors: [configured('reject-implicit-grant'), configured('reject-ropc-grant')],
      },
      {
        name: 'public-client',
        description: 'PKCE with S256 (RFC 9700 section 2.1.1)',
        executors: [configured('pkce-enforcer')],
      },
      ...(settings.profile === 'preview'
        ? [
            {
              name: 'identity-assertion',
              description: 'No more scopes than the assertion names',
              executors: [{ executor: 'downscope-assertion-grant-enforcer', configuration: {} }],
            },
          ]
        : []),
      ...(publishesMetadata(settings) ? [metadataDocumentProfile(settings)] : []),
    ],
  }
}

export function buildClientPolicies(settings: CheckedRealmSettings): ClientPoliciesRepresentation {
  return {
    policies: [
      {
        name: 'every-client',
        description: 'Holds for all clients',
        enabled: true,
        conditions: [{ condition: 'any-client', configuration: {} }],
        profiles: ['every-client'],
      },
      {
        name: 'public-clients',
        description: 'Holds for clients without a secret',
        enabled: true,
        conditions: [{ condition: 'client-access-type', configuration: { type: ['public'] } }],
        profiles: ['public-client'],
      },
      ...(settings.profile === 'preview'
        ? [
            {
              name: 'identity-assertions',
              description: 'Tokens for identity assertions of the corporate IdP (ID-JAG)',
              enabled: true,
              conditions: [{ condition: 'grant-type', configuration: { grant_types: [jwtBearerGrant] } }],
              profiles: ['identity-assertion'],
            },
          ]
        : []),
      ...(publishesMetadata(settings)
        ? [
            {
              name: 'client-metadata-documents',
              description: 'Clients whose client_id is the address of their metadata document',
              enabled: true,
              conditions: [
                {
                  condition: 'client-id-uri',
                  configuration: {
                    'client-id-uri-scheme': metadataSchemes(settings),
                    'client-id-uri-allow-permitted-domains': [...settings.selfRegistrationHosts],
                  },
                },
              ],
              profiles: ['client-metadata-documents'],
            },
          ]
        : []),
    ],
  }
}

/** RFC 7523 section 2.1. */
const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

function metadataDocumentProfile(settings: CheckedRealmSettings) {
  return {
    name: 'client-metadata-documents',
    description:
      'Reads the metadata document of a client from its client_id (draft-ietf-oauth-client-id-metadata-document)',
    executors: [
      {
        executor: 'client-id-metadata-document',
        configuration: {
          'cimd-allow-http-scheme': settings.development,
          'cimd-allow-permitted-domains': [...settings.selfRegistrationHosts],
          // Command line clients are called back on loopback, which is never the host of their document.
          'cimd-restrict-same-domain': false,
          'cimd-required-properties': [],
          'only-allow-confidential-client': false,
        },
      },
    ],
  }
}

function publishesMetadata({ profile, selfRegistrationHosts }: CheckedRealmSettings): boolean {
  return profile === 'preview' && selfRegistrationHosts.length > 0
}

function metadataSchemes({ development }: CheckedRealmSettings): string[] {
  return development ? ['http', 'https'] : ['https']
}

function configured(executor: string): ClientPolicyExecutorRepresentation {
  return { executor, configuration: { 'auto-configure': true } }
}
