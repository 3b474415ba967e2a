import { providers } from '@mcp-identity/provider-dialects'
import type { Trust } from '../parts.ts'

/** How a change of groups reaches the next access token. */
export const groupsCome = {
  pushed: 'she runs the report',
  atSignIn: 'she signs in again and runs the report',
  provisioned: "the company's provisioning tells Keycloak, she runs the report",
} as const

/** What a provider tells by itself, and what the company has to. */
export interface LeaverProcess {
  /** The company's own process is a step of its own; the provider by the book has it built in. */
  isSeparate: boolean
  /** Whether a disable reaches the MCP server without it. */
  providerTells: boolean
  newGroupsCome: (typeof groupsCome)[keyof typeof groupsCome]
}

/** From the provider's table: a provider tells Keycloak what it tells, and no resource server behind its tokens anything. */
export function leaverProcessOf({ provider: name, issuer }: Trust): LeaverProcess {
  const provider = providers[name]
  const isSeparate = name !== 'generic'
  const atOnce = provider.tells.filter(({ when }) => when === 'at once').map(({ by }) => by)
  if (issuer === 'provider') return { isSeparate, providerTells: !isSeparate, newGroupsCome: groupsCome.pushed }
  const byClaim = provider.claimNames.groups === undefined ? groupsCome.provisioned : groupsCome.atSignIn
  return {
    isSeparate,
    providerTells: atOnce.length > 0,
    newGroupsCome: atOnce.includes('SCIM') ? groupsCome.pushed : byClaim,
  }
}
