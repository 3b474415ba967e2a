import type { RealmSettings } from './settings.ts'

/** First port of the stack on one machine when nobody says otherwise: console, MCP server, corporate IdP, Keycloak. */
export const defaultPortBase = 8480

/** A public key whose private half was thrown away: a realm written with it has a service client that nobody can use. */
const nobodysKeySet: RealmSettings['serviceJwks'] = {
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'xyGR9ZsW6m4Q3IsJ8eoilsBzicgRcFmAdQDMYDybEOo',
      y: '2GOlqUhgwNjl8OPfgoa1WQ7Ey6QxaHEd4qirM3x1l7Q',
      kid: 'nobody',
      use: 'sig',
      alg: 'ES256',
    },
  ],
}

/**
 * Settings of the stack on one machine, http on loopback.
 *
 * @param portBase Console; the MCP server, the corporate IdP and Keycloak follow on the next three ports.
 */
export function developmentSettings(
  portBase: number = defaultPortBase,
  serviceJwks: RealmSettings['serviceJwks'] = nobodysKeySet,
): RealmSettings {
  const corporateIdp = `http://localhost:${portBase + 2}`
  return {
    realm: 'company',
    keycloakUrl: `http://localhost:${portBase + 3}`,
    resource: `http://localhost:${portBase + 1}/mcp`,
    corporateIdp: { issuer: corporateIdp, adminResource: `${corporateIdp}/admin` },
    consoleOrigin: `http://localhost:${portBase}`,
    serviceJwks,
    profile: 'stable',
    development: true,
  }
}
