/** The Keycloak that this realm is written for. */
export const keycloakVersion = '26.7.4'

/** Features that are built into Keycloak. The stable profile uses `resource-indicators` and `scim-api` of them. */
export const keycloakFeatures: readonly string[] = [
  'cimd',
  'identity-assertion-jwt',
  'resource-indicators',
  'scim-api',
  'ssf',
]

/** Options of `kc.sh build` beside the database. A start whose build options differ is refused by Keycloak. */
export const keycloakBuildOptions: readonly string[] = [
  `--features=${keycloakFeatures.join(',')}`,
  '--health-enabled=true',
]

/** Options of every `kc.sh start --optimized`, beside addresses and database. */
export const keycloakStartOptions: readonly string[] = [
  // With session caches on, an introspection during a logout can bring the ended session back: keycloak#51127.
  '--spi-user-sessions--infinispan--use-caches=false',
  // Unset it is ten seconds, for which nobody can sign in after the corporate IdP changed its keys.
  '--spi-public-key-storage--infinispan--min-time-between-requests=1',
  // Browser clients send this header when they read the metadata.
  '--spi-cors--default--allowed-headers=mcp-protocol-version',
  // Every realm has an offline_access scope. MCP clients that see it listed ask for it, and are refused.
  '--spi-well-known--openid-configuration--include-client-scopes=false',
  '--spi-well-known--oauth-authorization-server--include-client-scopes=false',
]
