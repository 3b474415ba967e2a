import { buildRealm } from '@mcp-identity/keycloak-realm'

const realm = buildRealm({
  realm: 'company',
  keycloakUrl: 'https://id.company.com',
  resource: 'https://mcp.company.com/mcp',
  corporateIdp: { issuer: 'https://login.company.com', adminResource: 'https://login.company.com/admin' },
  consoleOrigin: 'https://console.company.com',
  serviceJwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'f83OJ3D2…', y: 'x_FEzRu9…', use: 'sig', alg: 'ES256' }] },
  profile: 'stable',
  development: false,
})

export const document = JSON.stringify(realm, undefined, 2)
