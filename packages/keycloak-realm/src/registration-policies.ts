import { optionalScopeNames } from './scopes.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** Provider type under which the policies stand in `components`. */
export const registrationPolicyType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy'

/** A component as Keycloak imports it; the admin client's type leaves `config` too narrow. */
export interface ImportedComponent {
  name?: string
  providerId: string
  subType?: string
  subComponents: Record<string, ImportedComponent[]>
  config: Record<string, string[]>
}

/** How many clients may register themselves before Keycloak refuses more. */
const mostAnonymousClients = 200

/**
 * Rules for clients that register themselves (RFC 7591). With no host in `selfRegistrationHosts` every anonymous
 * registration is refused.
 *
 * The list is complete on purpose: as soon as an import holds one policy, Keycloak adds none of its own.
 */
export function buildRegistrationPolicies({ selfRegistrationHosts }: CheckedRealmSettings): ImportedComponent[] {
  return [
    policy('Trusted Hosts', 'trusted-hosts', 'anonymous', {
      // A client without any URI passes the check of URIs. Where nobody may register, no sender is trusted either.
      'host-sending-registration-request-must-match': [String(selfRegistrationHosts.length === 0)],
      'client-uris-must-match': ['true'],
      'trusted-hosts': [...selfRegistrationHosts],
    }),
    policy('Consent Required', 'consent-required', 'anonymous', {}),
    policy('Full Scope Disabled', 'scope', 'anonymous', {}),
    policy('Max Clients Limit', 'max-clients', 'anonymous', { 'max-clients': [String(mostAnonymousClients)] }),
    policy('Allowed Client Scopes', 'allowed-client-templates', 'anonymous', allowedScopes),
    policy('Allowed Protocol Mapper Types', 'allowed-protocol-mappers', 'anonymous', noMappers),
    policy('Allowed Registration Web Origins', 'registration-web-origins', 'anonymous', { 'web-origins': [] }),
    policy('Allowed Client Scopes', 'allowed-client-templates', 'authenticated', allowedScopes),
    policy('Allowed Protocol Mapper Types', 'allowed-protocol-mappers', 'authenticated', noMappers),
  ]
}

/** `openid` is no client scope of Keycloak, yet clients name it when they register. */
const allowedScopes = {
  'allow-default-scopes': ['true'],
  'allowed-client-scopes': ['openid', ...optionalScopeNames],
}

const noMappers = { 'allowed-protocol-mapper-types': [] }

function policy(
  name: string,
  providerId: string,
  subType: 'anonymous' | 'authenticated',
  config: Record<string, string[]>,
): ImportedComponent {
  return { name, providerId, subType, subComponents: {}, config }
}
