import type { TestProject } from 'vitest/node'
import { composeStack } from './compose-stack.ts'

/** One of each part, on ports from 9780. */
export default (project: TestProject) =>
  composeStack(project, {
    file: 'compose.yaml',
    services: ['keycloak', 'corporate-idp', 'mcp-server', 'console'],
    ports: { CONSOLE_PORT: 9780, MCP_PORT: 9781, IDP_PORT: 9782, KEYCLOAK_PORT: 9783 },
  })
