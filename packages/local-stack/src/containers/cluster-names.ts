import { type Addresses, realmName } from '../addresses.ts'
import type { ServerNames } from './lay-out-scale.ts'

/** Under this name `infra/helm/try-in-cluster.sh` installs the chart. */
const release = 'stack'
const replicas = 3

/**
 * Where the parts answer in a cluster. Whoever uses them is a pod of the same namespace: addresses are those of Services.
 * Only the console's is another: it speaks plain http there.
 */
export function addressesInCluster(): Addresses {
  const keycloak = `https://${release}-keycloak:8443`
  const mcpOrigin = `https://${release}-mcp-server:8481`
  const corporateIdp = 'https://corporate-idp:8482'
  return {
    console: `https://${release}-console:8480`,
    resource: `${mcpOrigin}/mcp`,
    mcpOrigin,
    corporateIdp,
    adminResource: `${corporateIdp}/admin`,
    keycloak,
    keycloakReadiness: `http://${release}-keycloak-nodes:9000/health/ready`,
    issuer: `${keycloak}/realms/${realmName}`,
  }
}

/** The names in the certificates of the same parts; a wildcard wants a domain of two labels behind it. */
export function serverNamesInCluster(namespace: string): ServerNames {
  return {
    keycloak: [`${release}-keycloak`],
    mcpServer: [`${release}-mcp-server`, `*.${replicaDomain(namespace)}`],
    proxy: ['corporate-idp'],
  }
}

/** The endpoint of each replica by itself. */
export function replicaAddressesInCluster(namespace: string): string[] {
  return Array.from(
    { length: replicas },
    (_, index) => `https://${release}-mcp-server-${index}.${replicaDomain(namespace)}:8481/mcp`,
  )
}

function replicaDomain(namespace: string): string {
  return `${release}-mcp-server-replicas.${namespace}.svc`
}
