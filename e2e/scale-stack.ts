import type { TestProject } from 'vitest/node'
import { composeStack } from './compose-stack.ts'

/** Two nodes of Keycloak and three replicas of the MCP server behind a proxy, on ports from 9880. */
export default (project: TestProject) =>
  composeStack(project, {
    file: 'compose.scale.yaml',
    services: [
      ...['postgres', 'redis', 'keycloak-1', 'keycloak-2', 'corporate-idp', 'console', 'proxy'],
      ...['mcp-server-1', 'mcp-server-2', 'mcp-server-3'],
    ],
    ports: {
      ...{ CONSOLE_PORT: 9880, MCP_PORT: 9881, IDP_PORT: 9882, KEYCLOAK_PORT: 9883 },
      ...{ MCP_1_PORT: 9886, MCP_2_PORT: 9887, MCP_3_PORT: 9888 },
    },
  })
