import type { TestProject } from 'vitest/node'
import { composeStack } from './compose-stack.ts'

const portBase = Number(process.env.PORT_BASE ?? 9880)

/** Two nodes of Keycloak and three replicas of the MCP server behind a proxy, on ports from `PORT_BASE`, 9880. */
export default (project: TestProject) =>
  composeStack(project, {
    file: 'compose.scale.yaml',
    services: [
      ...['postgres', 'redis', 'keycloak-1', 'keycloak-2', 'corporate-idp', 'console', 'proxy'],
      ...['mcp-server-1', 'mcp-server-2', 'mcp-server-3'],
    ],
    ports: {
      ...{ CONSOLE_PORT: portBase, MCP_PORT: portBase + 1, IDP_PORT: portBase + 2, KEYCLOAK_PORT: portBase + 3 },
      ...{ MCP_1_PORT: portBase + 6, MCP_2_PORT: portBase + 7, MCP_3_PORT: portBase + 8 },
    },
  })
