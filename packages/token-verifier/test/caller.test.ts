import { createFrozenClock, dialects, frozenNow, known, mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  adfs,
  auth0,
  type Claims,
  cognito,
  createAccessTokenVerifier,
  entraId,
  type IssuerProfile,
  type IssuerSettings,
  keycloak,
  oauthIssuer,
  okta,
  type VerifiedAccessToken,
} from '../src/index.ts'

type PresetSettings = IssuerSettings & { audience: string | readonly string[] }
type Preset = (settings: PresetSettings) => IssuerProfile

const presets = {
  keycloak,
  entraIdV2: entraId,
  entraIdV1: entraId,
  okta,
  auth0: (settings) => auth0({ ...settings, claimNamespace: 'https://company.com/' }),
  cognito,
  adfs,
  oauthIssuer,
} as const satisfies Record<string, Preset>

type Dialect = keyof typeof presets

/** Verifies a minted token of a provider, with settings of its issuer and claims of the token changed. */
async function verifyMinted(
  dialect: Dialect,
  options: Partial<Parameters<typeof mintAccessToken>[0]> = {},
  settings: Partial<PresetSettings> = {},
): Promise<VerifiedAccessToken> {
  const keySet = await serveKeySet()
  const { issuer, audience } = dialects[dialect]
  const preset: Preset = presets[dialect]
  const profile = preset({ issuer, audience, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true, ...settings })
  const resource = 'https://mcp.company.com/mcp'
  const clock = createFrozenClock()
  const verifier = createAccessTokenVerifier({ resource, issuers: [profile], clock, onWarning: () => undefined })
  onTestFinished(async () => {
    verifier.close()
    await keySet.close()
  })
  return verifier.verify(mintAccessToken({ provider: dialect, ...options }))
}

describe('a person', () => {
  const { email, name, department, groups } = known
  it.each([
    ['keycloak', { subject: known.subject, email, name, department, groups, roles: known.scope.split(' ') }],
    ['entraIdV2', { subject: known.subject, email, name, groups: known.entraGroups, tenant: known.entraTenant }],
    ['entraIdV1', { subject: known.subject, email, name, groups: known.entraGroups, tenant: known.entraTenant }],
    ['okta', { subject: '00uid4BxXw6I6TV4m0g3', email, name, department, groups }],
    ['auth0', { subject: 'auth0|6f1f0a2b3c44', email, roles: ['Customer Admin'], groups: undefined }],
    ['cognito', { subject: known.subject, name: 'alice', groups }],
    ['adfs', { subject: 'Yb7xW0kq3nq0example=', email, department, groups, roles: ['Customer Admin'] }],
    ['oauthIssuer', { subject: known.subject, email, name, department, groups, roles: ['Customer Admin'] }],
  ] as const)('of %s has one normal form', async (dialect, { subject, ...caller }) => {
    const token = await verifyMinted(dialect)
    expect(token.subject).toBe(subject)
    expect(token.caller).toMatchObject({ kind: 'person', actors: [], ...caller })
  })

  it.each(Object.keys(presets) as Dialect[])('of %s has the scopes of the token', async (dialect) => {
    expect((await verifyMinted(dialect)).scopes).toEqual(expect.arrayContaining(known.scope.split(' ')))
  })
})

describe('what an administrator set up', () => {
  it('names the groups whose ids the token holds, and leaves those that it does not know', async () => {
    const [first = '', second = ''] = known.entraGroups
    const { caller } = await verifyMinted('entraIdV2', {}, { groupNames: { [first]: 'Customer Admins' } })
    expect(caller.groups).toEqual(['Customer Admins', second])
  })

  it.each([
    ['cognito', { scope: 'https://mcp.company.com/mcp/read:customers email' }],
    ['okta', { scp: ['https://mcp.company.com/mcp/read:customers', 'email'] }],
  ] as const)('takes the prefix off the scopes of %s, and off nothing else', async (dialect, claims) => {
    const token = await verifyMinted(dialect, { claims }, { scopePrefix: 'https://mcp.company.com/mcp/' })
    expect(token.scopes).toEqual(['read:customers', 'email'])
  })
})

describe('a service', () => {
  it.each(Object.keys(presets) as Dialect[])('of %s is told from a person', async (dialect) => {
    const token = await verifyMinted(dialect, { caller: 'service' })
    expect(token.caller).toMatchObject({ kind: 'service', email: undefined })
  })

  it('of Entra ID has roles and no scopes', async () => {
    const token = await verifyMinted('entraIdV2', { caller: 'service' })
    expect([token.scopes, token.caller.roles]).toEqual([[], ['read:customers', 'admin:reports']])
  })

  it('of Keycloak is one by its account, not because a person used a client with an id claim', async () => {
    const person = await verifyMinted('keycloak', { claims: { client_id: 'mcp-cli' } })
    expect(person.caller.kind).toBe('person')
  })
})

describe('an agent', () => {
  it.each(Object.keys(presets) as Dialect[])('of %s is told from the person it acts for', async (dialect) => {
    expect((await verifyMinted(dialect, { caller: 'agent' })).caller.kind).toBe('agent')
  })

  it('comes with the chain of those who act, the current one first (RFC 8693 section 4.1)', async () => {
    const gateway = { sub: 'gateway', iss: 'https://gateway.company.com', act: { client_id: 'first' } }
    const act = { sub: 'agent', client_id: 'c', act: gateway }
    const { caller } = await verifyMinted('keycloak', { claims: { act } })
    expect(caller.actors).toEqual([
      { subject: 'agent', issuer: undefined, clientId: 'c' },
      { subject: 'gateway', issuer: 'https://gateway.company.com', clientId: undefined },
      { subject: undefined, issuer: undefined, clientId: 'first' },
    ])
    expect(caller.email).toBe(known.email)
  })

  it.each(['11', '3 11', ['11'], 11])('of Entra ID is told by its facet: %j', async (facets) => {
    expect((await verifyMinted('entraIdV2', { claims: { xms_act_fct: facets } })).caller.kind).toBe('agent')
  })

  it.each(['1', '111', '3 9'])('of Entra ID is not told by another facet: %j', async (facets) => {
    expect((await verifyMinted('entraIdV2', { claims: { xms_act_fct: facets } })).caller.kind).toBe('person')
  })

  const nested = (levels: number): unknown =>
    levels === 0 ? undefined : { sub: `actor ${levels}`, ...(levels > 1 && { act: nested(levels - 1) }) }

  it('may act through eight others, not nine', async () => {
    expect((await verifyMinted('keycloak', { claims: { act: nested(8) } })).caller.actors).toHaveLength(8)
    await expect(verifyMinted('keycloak', { claims: { act: nested(9) } })).rejects.toMatchObject({
      reason: 'claim_invalid',
    })
  })

  it.each([[{}], [{ sub: 7 }], ['agent'], [[{ sub: 'a' }]], [{ sub: 'a', act: 'b' }], [{ sub: 'a', act: {} }]])(
    'must be named in every link of the chain: %j',
    async (act) => {
      await expect(verifyMinted('keycloak', { claims: { act } })).rejects.toMatchObject({ reason: 'claim_invalid' })
    },
  )
})

describe('groups', () => {
  it.each(['keycloak', 'okta', 'entraIdV2', 'oauthIssuer'] as const)(
    'are unknown, not none, when a token of %s does not have the claim',
    async (dialect) => {
      const claims = { groups: undefined }
      expect((await verifyMinted(dialect, { claims })).caller.groups).toBeUndefined()
      expect((await verifyMinted(dialect, { claims }, { groupsWhenAbsent: 'none' })).caller.groups).toEqual([])
    },
  )

  it('are none in a token of Cognito without the claim, which it always sends', async () => {
    expect((await verifyMinted('cognito', { claims: { 'cognito:groups': undefined } })).caller.groups).toEqual([])
  })

  it('are none when the claim is an empty list', async () => {
    expect((await verifyMinted('keycloak', { claims: { groups: [] } })).caller.groups).toEqual([])
  })

  it.each([
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.windows.net/x' } } },
    { hasgroups: true },
    { hasgroups: 'true' },
  ])('are unknown when Entra ID says that it left them out, whatever else is said: %j', async (claims) => {
    const settings = { groupsWhenAbsent: 'none' } as const
    for (const groups of [undefined, known.entraGroups]) {
      const token = await verifyMinted('entraIdV2', { claims: { ...claims, groups } }, settings)
      expect(token.caller.groups).toBeUndefined()
    }
  })

  it('are found elsewhere when they are unknown, by whoever is asked with the claims', async () => {
    const asked: Claims[] = []
    const resolveGroups = async (claims: Claims) => {
      asked.push(claims)
      return ['Data Analysts']
    }
    const { caller } = await verifyMinted('entraIdV2', { claims: { groups: undefined } }, { resolveGroups })
    expect(caller.groups).toEqual(['Data Analysts'])
    expect(asked).toMatchObject([{ oid: known.subject, tid: known.entraTenant }])
    expect(Object.isFrozen(asked[0])).toBe(true)
  })

  it('are not looked for when they are known, even to be none', async () => {
    const resolveGroups = () => Promise.reject(new Error('nobody asks'))
    const { caller } = await verifyMinted('keycloak', { claims: { groups: [] } }, { resolveGroups })
    expect(caller.groups).toEqual([])
  })

  it.each([
    ['fails', () => Promise.reject(new Error('down'))],
    ['does not know', async () => undefined],
  ])('stay unknown while whoever is asked %s', async (_how, resolveGroups) => {
    const { caller } = await verifyMinted('entraIdV2', { claims: { groups: undefined } }, { resolveGroups })
    expect(caller.groups).toBeUndefined()
  })

  it.each([[7], [{ a: 1 }], [['a', 1]], [null]])('of a wrong type are refused: %j', async (groups) => {
    await expect(verifyMinted('keycloak', { claims: { groups } })).rejects.toMatchObject({ reason: 'claim_invalid' })
  })
})

describe('claims with names of the administrator’s choice', () => {
  it('are read by those names', async () => {
    const claims = { mail: 'a@company.com', dept: 'IT', teams: ['Red'], rights: 'one', who: 'A', org: 'o' }
    const claimNames = {
      email: 'mail',
      department: 'dept',
      groups: 'teams',
      roles: 'rights',
      name: 'who',
      tenant: 'org',
    }
    expect((await verifyMinted('oauthIssuer', { claims }, { claimNames })).caller).toMatchObject({
      email: 'a@company.com',
      department: 'IT',
      groups: ['Red'],
      roles: ['one'],
      name: 'A',
      tenant: 'o',
    })
  })
})

describe('roles of Keycloak', () => {
  const claims = {
    realm_access: { roles: ['realm'] },
    resource_access: { [dialects.keycloak.audience]: { roles: ['client'] }, other: { roles: ['foreign'] } },
  }

  it('are those of the audience alone', async () => {
    expect((await verifyMinted('keycloak', { claims })).caller.roles).toEqual(['client'])
  })

  it('are those of every audience of ours that the token is meant for', async () => {
    const audience = [dialects.keycloak.audience, 'other']
    const both = await verifyMinted('keycloak', { claims: { ...claims, aud: audience } }, { audience })
    const one = await verifyMinted('keycloak', { claims: { ...claims, aud: 'other' } }, { audience })
    expect([both.caller.roles, one.caller.roles]).toEqual([['client', 'foreign'], ['foreign']])
  })
})

describe('a verified token', () => {
  it('is frozen through and through', async () => {
    const token = await verifyMinted('keycloak', { claims: { act: { sub: 'a' } } })
    const isDeeplyFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
    for (const part of [token, token.scopes, token.audiences, token.caller, token.claims]) {
      expect(isDeeplyFrozen(part)).toBe(true)
    }
  })

  it('is written by JSON.stringify as what it says', async () => {
    const token = await verifyMinted('keycloak')
    expect(JSON.parse(JSON.stringify(token))).toMatchObject({
      subject: known.subject,
      scopes: expect.arrayContaining(['read:customers']),
      caller: { email: known.email },
      claims: { azp: known.clientId },
    })
  })

  it('says when it was issued and when it expires, in seconds', async () => {
    expect(await verifyMinted('keycloak')).toMatchObject({ issuedAt: frozenNow, expiresAt: frozenNow + 300 })
  })
})
