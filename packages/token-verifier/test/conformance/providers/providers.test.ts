import {
  createFrozenClock,
  dialects,
  type KeySetServer,
  mintAccessToken,
  type OtherToken,
  otherTokens,
  type ProviderDialect,
  publicKeySet,
  serveKeySet,
  type TokenFaultName,
  testKeys,
  tokenFaults,
} from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccessTokenVerifier, createAccessTokenVerifier, type VerifiedAccessToken } from '../../../src/index.ts'
import { outcomeOf } from '../verifier-under-test.ts'
import { exceptions, faultReasons } from './fault-reasons.ts'
import { type PresetChanges, presets } from './presets.ts'
import { refusedTokens } from './refused-tokens.ts'
import { validTokens } from './valid-tokens.ts'

const { rsa, rsaPss, p256, p384, ed25519, encryption } = testKeys
let keySet: KeySetServer
beforeAll(async () => {
  keySet = await serveKeySet({ keySet: publicKeySet(rsa, rsaPss, p256, p384, ed25519, encryption) })
})
afterAll(() => keySet.close())

const providers = Object.keys(dialects) as ProviderDialect[]
const signing = providers.filter((provider) => provider !== 'google')

async function verify(provider: ProviderDialect, token: string, changes?: PresetChanges): Promise<VerifiedAccessToken> {
  const verifier = createAccessTokenVerifier({
    resource: 'https://mcp.company.com/mcp',
    issuers: [presets[provider](keySet.jwksUri, changes)],
    clock: createFrozenClock(),
    onWarning: () => undefined,
  })
  return verifier.verify(token).finally(() => verifier.close())
}

describe.each(signing)('%s', (provider) => {
  const valid = validTokens.filter(({ mint }) => mint.provider === provider)
  it.runIf(valid.length > 0).each(valid.map((entry) => [entry.title, entry.source, entry] as const))(
    'accepts %s (%s)',
    async (_title, _source, { mint, preset, expected }) => {
      expect(await verify(provider, mintAccessToken(mint), preset)).toMatchObject(expected)
    },
  )

  it.each(Object.keys(tokenFaults) as TokenFaultName[])(
    'does what its issuer must be able to rely on: %s',
    async (fault) => {
      const token = mintAccessToken({ provider, fault })
      const expected = exceptions[provider]?.[fault] ?? faultReasons[fault]
      expect(await outcomeOf(verify(provider, token)), tokenFaults[fault].rule).toBe(expected)
    },
  )

  it.each(otherTokens[provider].map((other) => [other.kind, other.source, other] as const))(
    'rejects %s (%s)',
    async (_kind, _source, { header, claims }: OtherToken) => {
      const outcome = await outcomeOf(verify(provider, mintAccessToken({ provider, header: header ?? {}, claims })))
      expect(outcome).toMatch(/^(not_an_access_token|claim_missing|issuer_unknown)$/)
    },
  )
})

describe.each(providers)('%s, one thing away from valid,', (provider) => {
  const refused = refusedTokens.filter(({ mint }) => mint.provider === provider)
  it.runIf(refused.length > 0).each(refused.map((entry) => [entry.title, entry.source, entry] as const))(
    'rejects %s (%s)',
    async (_title, _source, { mint, preset, reason }) => {
      expect(await outcomeOf(verify(provider, mintAccessToken(mint), preset))).toBe(reason)
    },
  )
})

describe('a verifier of several issuers', () => {
  const trusted = ['keycloak', 'okta', 'auth0', 'cognito', 'entraIdV2', 'adfs', 'oauthIssuer'] as const
  let verifier: AccessTokenVerifier
  beforeAll(() => {
    verifier = createAccessTokenVerifier({
      resource: 'https://mcp.company.com/mcp',
      issuers: trusted.map((provider) => presets[provider](keySet.jwksUri)),
      clock: createFrozenClock(),
      onWarning: () => undefined,
    })
  })
  afterAll(() => verifier.close())

  it.each(trusted)('accepts a token of %s', async (provider) => {
    const { issuer } = await verifier.verify(mintAccessToken({ provider }))
    expect(issuer).toBe(dialects[provider].issuer)
  })

  it.each(
    trusted.flatMap((dialect) =>
      trusted.filter((other) => other !== dialect).map((other) => [dialect, other] as const),
    ),
  )('does not take the claims of %s for those of %s', async (dialect, other) => {
    const token = mintAccessToken({
      provider: dialect,
      issuer: dialects[other].issuer,
      audience: dialects[other].audience,
    })
    const outcome = await outcomeOf(verifier.verify(token))
    expect(outcome).toMatch(
      /^(accepted|claim_missing|claim_invalid|not_an_access_token|audience_not_exclusive|tenant_not_allowed|audience_mismatch)$/,
    )
    if (outcome === 'accepted') expect((await verifier.verify(token)).issuer).toBe(dialects[other].issuer)
  })
})
