import type { CheckedRealmSettings } from './settings.ts'

/** Lets the realm transmit security events (Shared Signals Framework 1.0), which is experimental in Keycloak 26.7. */
export const transmitterAttributes = { 'ssf.transmitterEnabled': 'true' }

const events = 'CaepSessionRevoked,CaepCredentialChange'

/**
 * The MCP server's stream of security events as attributes of its client: pushed (RFC 8935), about everybody. Keycloak 26.7
 * tells of logouts by an administrator or the person and of changed credentials, and of nothing else; the resource server
 * goes on reading the realm's events.
 */
export function streamAttributes({ keycloakUrl, realm, resource }: CheckedRealmSettings): Record<string, string> {
  const { origin } = new URL(resource)
  return {
    'ssf.enabled': 'true',
    'ssf.validPushUrls': `${origin}/signals/*`,
    'ssf.defaultSubjects': 'ALL',
    'ssf.supportedEvents': events,
    'ssf.stream.id': 'mcp-server',
    'ssf.stream.status': 'enabled',
    'ssf.stream.iss': `${keycloakUrl}/realms/${realm}`,
    'ssf.stream.aud': resource,
    'ssf.stream.managedBy': 'RECEIVER',
    'ssf.stream.eventsSupported': events,
    'ssf.stream.eventsRequested': events,
    'ssf.stream.eventsDelivered': events,
    'ssf.stream.delivery.method': 'urn:ietf:rfc:8935',
    'ssf.stream.delivery.endpointUrl': `${origin}/signals/ssf`,
  }
}
