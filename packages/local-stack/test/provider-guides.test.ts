import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildRealm, developmentSettings } from '@mcp-identity/keycloak-realm'
import { issuerEntry, limitsOf, providerNames, providers } from '@mcp-identity/provider-dialects'
import { describe, expect, it } from 'vitest'
import { findWorkspaceRoot } from '../src/stack-folder.ts'

const settings = developmentSettings()
const origin = 'https://login.company.com'
const resource = 'https://mcp.company.com/mcp'

/** What the emulated run brokers the provider with, as far as it differs from one provider to another. */
function brokering(name: (typeof providerNames)[number]) {
  const provider = providers[name]
  const realm = buildRealm({
    ...settings,
    corporateIdp: { ...settings.corporateIdp, issuer: origin, adminResource: `${origin}/admin`, provider },
  })
  const { issuer, defaultScope, claimFilterName, claimFilterValue } = realm.identityProviders?.[0]?.config ?? {}
  const mappers = (realm.identityProviderMappers ?? []).map(({ name: mapper, config = {} }) => [
    mapper,
    config.template ?? config['user.attribute'] ?? config.group,
  ])
  return {
    issuer,
    defaultScope,
    ...(claimFilterName === undefined ? {} : { claimFilterName, claimFilterValue }),
    mappers: Object.fromEntries(mappers),
  }
}

describe.each(providerNames)('the guide of %s', (name) => {
  const guide = readFileSync(join(findWorkspaceRoot(), 'docs', 'providers', `${name}.md`), 'utf8')
  const [broker = '', entry = ''] = [...guide.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, json]) => json)

  it('shows the brokering that the emulated run uses', () => {
    expect(JSON.parse(broker)).toEqual(brokering(name))
  })

  it('shows the entry of MCP_ISSUERS that the emulated run uses', () => {
    expect(JSON.parse(entry)).toEqual(issuerEntry(providers[name], origin, resource, ['Data Analysts']))
  })

  it('names everything that the provider cannot do, with its source', () => {
    for (const { text, source } of [
      ...limitsOf(providers[name], 'corporate IdP'),
      ...limitsOf(providers[name], 'issuer'),
    ]) {
      expect(guide).toContain(text)
      expect(guide).toContain(source)
    }
  })
})

describe('the guide of Active Directory', () => {
  const guide = readFileSync(join(findWorkspaceRoot(), 'docs', 'providers', 'active-directory.md'), 'utf8')
  const [given = '', component = ''] = [...guide.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, json]) => json)

  it('shows the user federation that such a realm has', () => {
    const { components } = buildRealm({ ...settings, activeDirectory: JSON.parse(given) })
    const [directory] = Object.values(
      components as unknown as Record<string, { config: object; providerId?: string }[]>,
    )
      .flat()
      .filter(({ providerId }) => providerId === 'ldap')
    const config = Object.entries(directory?.config ?? {}).map(([name, values]) => [name, values[0]])
    expect(JSON.parse(component)).toEqual(Object.fromEntries(config))
  })

  it('sets what the watcher of the containers is told', () => {
    const compose = readFileSync(join(findWorkspaceRoot(), 'infra', 'compose.active-directory.yaml'), 'utf8')
    const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name).sort()
    const shown = names(guide, /^((?:AD|KEYCLOAK)_\w+)=/gm)
    expect(shown).toEqual(names(compose, /^ {6}((?:AD|KEYCLOAK)_\w+):/gm))
    expect(shown.length).toBeGreaterThan(5)
  })
})
