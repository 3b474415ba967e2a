import { providers } from '@mcp-identity/provider-dialects'
import colour from 'picocolors'
import type { StackFile } from './stack-file.ts'

/** The one table that tells a person where everything is and who can sign in. */
export function describeStack({ urls, accounts, clients, trust, domainController }: StackFile): string {
  const { title } = providers[trust.provider]
  const language = trust.protocol === 'saml' ? 'SAML 2.0' : `as ${title}`
  const keycloak = [
    'Keycloak',
    `${urls.keycloak}/admin`,
    `${clients.keycloakAdmin.username}, password in .local/secrets/keycloak-admin-password`,
  ]
  const others = (urls.replicas ?? []).slice(1).map((url, index) => [`MCP server ${index + 2}`, url, 'a replica'])
  const addresses =
    trust.issuer === 'keycloak'
      ? [
          ['Console', urls.console],
          ['MCP server', urls.mcp],
          ...others,
          domainController === undefined
            ? ['Corporate IdP', urls.corporateIdp, `speaks ${language}`]
            : ['Active Directory', domainController.url, domainController.baseDn],
          keycloak,
        ]
      : [['MCP server', urls.mcp], ...others, ['Issuer', urls.issuer, `speaks as ${title}; no Keycloak, no console`]]
  const people = accounts.map(({ username, password, groups }) => [username, password, groups.join(', ')])
  return [
    ...tableLines(['Address', '', ''], addresses),
    '',
    ...tableLines(['Account', 'Password', 'Groups'], people),
    '',
    colour.yellow('Development only: known passwords, plain http on this machine.'),
  ].join('\n')
}

/** Aligns rows under their headings, two spaces apart. */
function tableLines(headings: string[], rows: string[][]): string[] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: string[]): string =>
    widths
      .map((width, column) => (cells[column] ?? '').padEnd(width))
      .join('  ')
      .trimEnd()
  return [colour.bold(line(headings)), ...rows.map(line)]
}
