import type { Ports } from './ports.ts'

/** The realm, the last segment of the issuer. */
export const realmName = 'company'

/** The addresses of the parts, and the identifiers that are addresses. On loopback only. */
export interface Addresses {
  console: string
  /** The MCP endpoint, which is the resource URI as well: client id of the resource server and audience of its tokens. */
  resource: string
  mcpOrigin: string
  corporateIdp: string
  /** The resource URI of the corporate IdP's admin API. */
  adminResource: string
  keycloak: string
  keycloakReadiness: string
  issuer: string
}

/** @param scheme `https` where a proxy in front of all parts ends TLS. */
export function addressesAt(ports: Ports, scheme: 'http' | 'https' = 'http'): Addresses {
  const origin = (port: number): string => `${scheme}://localhost:${port}`
  return {
    console: origin(ports.console),
    resource: `${origin(ports.mcp)}/mcp`,
    mcpOrigin: origin(ports.mcp),
    corporateIdp: origin(ports.corporateIdp),
    adminResource: `${origin(ports.corporateIdp)}/admin`,
    keycloak: origin(ports.keycloak),
    keycloakReadiness: `http://localhost:${ports.keycloakManagement}/health/ready`,
    issuer: `${origin(ports.keycloak)}/realms/${realmName}`,
  }
}
