import { describe, expect, it } from 'vitest'
import { type AccessTokenVerifierSettings, keycloak } from '../src/index.ts'
import { completeSettings } from '../src/verifier-settings.ts'

const needed = () => ({
  resource: 'https://mcp.company.com/mcp',
  issuers: [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })],
})
const complete = (given: object) => completeSettings({ ...needed(), ...given } as AccessTokenVerifierSettings)

describe('a setting of the verifier', () => {
  it.each([
    ['clockToleranceSeconds', 0, 60],
    ['maxTokenLifetimeSeconds', 1, 31_536_000],
    ['maxTokenLength', 1024, 65_536],
  ] as const)('%s is %d to %d', (name, least, most) => {
    for (const value of [least, most]) expect(complete({ [name]: value })[name]).toBe(value)
    for (const value of [least - 1, most + 1, Number.NaN, 'x'])
      expect(() => complete({ [name]: value })).toThrow(`${name} must be ${least} to ${most}, found ${value}`)
  })

  it.each([
    ['timeoutMs', 1, 60_000],
    ['maxBytes', 1024, 16_777_216],
    ['refreshMs', 1, 3_600_000],
    ['staleMs', 0, 86_400_000],
  ] as const)('keySets.%s is %d to %d', (name, least, most) => {
    for (const value of [least, most]) expect(complete({ keySets: { [name]: value } }).keySets[name]).toBe(value)
    for (const value of [least - 1, most + 1])
      expect(() => complete({ keySets: { [name]: value } })).toThrow(`keySets.${name} must be ${least} to ${most}`)
  })

  it('has its default when it is not given, or given as undefined', () => {
    for (const given of [
      {},
      { clockToleranceSeconds: undefined, maxTokenLength: undefined, keySets: { staleMs: undefined } },
    ]) {
      expect(complete(given)).toMatchObject({
        clockToleranceSeconds: 5,
        maxTokenLifetimeSeconds: 86_400,
        maxTokenLength: 16_384,
        requireSenderConstraint: false,
        keySets: { timeoutMs: 3000, maxBytes: 1_048_576, refreshMs: 60_000, staleMs: 600_000 },
      })
    }
    const { clock } = complete({})
    expect(Math.abs(clock() - Date.now() / 1000)).toBeLessThan(5)
  })

  it('resource is an absolute URI without a fragment (RFC 8707 section 2)', () => {
    for (const resource of ['https://mcp.company.com', 'urn:company:mcp'])
      expect(complete({ resource }).resource).toBe(resource)
    for (const resource of [
      undefined,
      7,
      '',
      'mcp',
      '/mcp',
      'https://mcp.company.com/#part',
      'https://mcp.company.com/#',
    ])
      expect(() => complete({ resource })).toThrow('resource must be an absolute URI without a fragment')
  })

  it('issuers is a list with at least one', () => {
    for (const issuers of [undefined, [], 'https://as.company.com', needed().issuers[0]])
      expect(() => complete({ issuers })).toThrow('issuers must name at least one issuer')
  })
})
