import { createFrozenClock, dialects, frozenNow, mintAccessToken } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { type ExplainSettings, explain, keycloak } from '../../src/index.ts'

const { issuer, audience } = dialects.keycloak

function explainOffline(token: string, settings: Partial<ExplainSettings> = {}) {
  const issuers = [keycloak({ issuer, audience })]
  return explain(token, { resource: audience, issuers, clock: createFrozenClock(), offline: true, ...settings })
}

async function failuresOf(token: string, settings: Partial<ExplainSettings> = {}): Promise<readonly string[]> {
  const { checks } = await explainOffline(token, settings)
  return checks.flatMap(({ reason }) => reason ?? [])
}

const valid = mintAccessToken({ provider: 'keycloak' })

describe('an explanation', () => {
  it('is of the token without the white space around it', async () => {
    expect(await failuresOf(`\n ${valid} \n`)).toEqual([])
  })

  it('names a token that is too long, and one that just fits', async () => {
    expect(await failuresOf(valid, { maxTokenLength: valid.length })).toEqual([])
    expect(await failuresOf(valid, { maxTokenLength: valid.length - 1 })).toEqual(['too_long'])
  })

  it('says once that a token has expired, whatever the tolerance', async () => {
    const clock = createFrozenClock(frozenNow + 100_000)
    for (const clockToleranceSeconds of [0, 5])
      expect(await failuresOf(valid, { clock, clockToleranceSeconds })).toEqual(['expired'])
  })

  it('says once what is wrong with a token that has not expired', async () => {
    expect(await failuresOf(mintAccessToken({ provider: 'keycloak', audience: 'other' }))).toEqual([
      'audience_mismatch',
    ])
  })

  it('tells how a token is bound, also where that is required', async () => {
    const findingOf = async (cnf: object) =>
      (
        await explainOffline(mintAccessToken({ provider: 'keycloak', claims: { cnf } }), {
          requireSenderConstraint: true,
        })
      ).checks.find(({ check }) => check === 'sender constraint')
    const outcome = 'not judged'
    const must = 'bound to a key: each request must come with'
    expect(await findingOf({ jkt: 'a'.repeat(43) })).toMatchObject({ outcome, finding: `${must} a DPoP proof` })
    expect(await findingOf({ 'x5t#S256': 'a'.repeat(43) })).toMatchObject({
      outcome,
      finding: `${must} the client certificate`,
    })
  })

  it('has the facts that can be read, also of a token that is refused for its shape', async () => {
    const [header, payload, signature] = valid.split('.')
    const names = async (token: string) => (await explainOffline(token)).facts.map(({ name }) => name)
    expect(await names(valid)).toEqual(expect.arrayContaining(['header alg', 'exp']))
    expect(await names(`${header}.e30x.${signature}`)).toEqual(['header alg', 'header kid', 'header typ'])
    expect(await names(`e30x.${payload}.${signature}`)).not.toContain('header alg')
    expect(await names(`e30x.${payload}.${signature}`)).toContain('exp')
    expect(await names('nothing')).toEqual([])
  })
})
