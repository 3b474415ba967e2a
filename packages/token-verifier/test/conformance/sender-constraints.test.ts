import {
  type DpopFaultName,
  type DpopProofOptions,
  dpopConfirmation,
  dpopFaults,
  frozenNow,
  mintAccessToken,
  mintDpopProof,
  type TestKey,
  testKeys,
} from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import {
  createDpopNonces,
  MemoryProofReplays,
  TokenError,
  type TokenErrorCode,
  type TokenPresentation,
  type TokenRefusalReason,
} from '../../src/index.ts'
import { validToken } from './refused-case.ts'
import { makeVerifier, outcomeOf } from './verifier-under-test.ts'

const method = 'POST'
const url = 'https://mcp.company.com/mcp'

function boundTo(key: TestKey): string {
  // As Keycloak 26.7 writes it: beside the thumbprint stands by what the key was bound.
  const cnf = { ...dpopConfirmation(key), 'kc-jkt-type': 'DPoP' }
  return mintAccessToken({ provider: 'keycloak', claims: { cnf, typ: 'DPoP' } })
}

const boundToken = boundTo(testKeys.client)

function withProof(changes: Partial<DpopProofOptions> = {}): TokenPresentation {
  return { method, url, dpopProof: mintDpopProof({ method, url, accessToken: boundToken, ...changes }) }
}

const reasons: Readonly<Record<DpopFaultName, TokenRefusalReason>> = {
  foreignType: 'proof_malformed',
  withoutType: 'proof_malformed',
  withoutKey: 'proof_key_unsuitable',
  privateKeyInside: 'proof_key_unsuitable',
  foreignKeyInside: 'proof_signature_invalid',
  symmetricKeyInside: 'proof_key_unsuitable',
  unknownCriticalHeader: 'proof_malformed',
  algorithmNone: 'proof_malformed',
  flippedSignatureBit: 'proof_signature_invalid',
  notAToken: 'proof_malformed',
  twoProofs: 'proof_malformed',
  withoutTokenId: 'proof_malformed',
  emptyTokenId: 'proof_malformed',
  numericTokenId: 'proof_malformed',
  withoutMethod: 'proof_malformed',
  otherMethod: 'proof_method_mismatch',
  methodInOtherCase: 'proof_method_mismatch',
  withoutUrl: 'proof_malformed',
  otherPath: 'proof_url_mismatch',
  otherHost: 'proof_url_mismatch',
  otherScheme: 'proof_url_mismatch',
  withoutTime: 'proof_malformed',
  timeAsString: 'proof_malformed',
  tooOld: 'proof_not_fresh',
  fromTheFuture: 'proof_not_fresh',
  withoutTokenHash: 'proof_token_mismatch',
  otherTokenHash: 'proof_token_mismatch',
}

describe('a token that is bound to a DPoP key', () => {
  it('is accepted with a proof', async () => {
    const { verifier } = await makeVerifier()
    const token = await verifier.verify(boundToken, withProof())
    expect(token.confirmation).toEqual({ jkt: dpopConfirmation().jkt, certificateThumbprint: undefined })
  })

  it.each([testKeys.client, testKeys.p384, testKeys.ed25519, testKeys.rsaPss])(
    'is accepted with a proof of any algorithm that is allowed: $algorithm',
    async (key) => {
      const { verifier } = await makeVerifier()
      const accessToken = boundTo(key)
      const dpopProof = mintDpopProof({ method, url, accessToken, key })
      expect(await outcomeOf(verifier.verify(accessToken, { method, url, dpopProof }))).toBe('accepted')
    },
  )

  it.each(
    (Object.keys(dpopFaults) as DpopFaultName[]).map(
      (fault) => [dpopFaults[fault].rule, dpopFaults[fault].source, fault] as const,
    ),
  )('%s (%s)', async (_rule, _source, fault) => {
    const { verifier } = await makeVerifier()
    const error: unknown = await verifier.verify(boundToken, withProof({ fault })).catch((reason: unknown) => reason)
    const expectedCode: TokenErrorCode = reasons[fault].startsWith('proof_token')
      ? 'invalid_token'
      : 'invalid_dpop_proof'
    expect(error).toBeInstanceOf(TokenError)
    expect(error).toMatchObject({ reason: reasons[fault], code: expectedCode })
  })

  it('is refused as Bearer (RFC 9449 section 7.2)', async () => {
    const { verifier } = await makeVerifier()
    expect(await outcomeOf(verifier.verify(boundToken))).toBe('bound_token_as_bearer')
    expect(await outcomeOf(verifier.verify(boundToken, { method, url }))).toBe('bound_token_as_bearer')
    expect(await outcomeOf(verifier.verify(boundToken, { ...withProof(), scheme: 'Bearer' }))).toBe(
      'bound_token_as_bearer',
    )
  })

  it('is refused without a proof (RFC 9449 section 7.1)', async () => {
    const { verifier } = await makeVerifier()
    expect(await outcomeOf(verifier.verify(boundToken, { method, url, scheme: 'DPoP' }))).toBe('proof_missing')
  })

  it('is refused with the proof of another key (RFC 9449 section 7.1)', async () => {
    const { verifier } = await makeVerifier()
    expect(await outcomeOf(verifier.verify(boundToken, withProof({ key: testKeys.otherClient })))).toBe(
      'proof_key_mismatch',
    )
  })

  it('is refused with a weak key of its own', async () => {
    const { verifier } = await makeVerifier()
    const key = { ...testKeys.weakRsa, algorithm: 'PS256' } as const
    const accessToken = boundTo(key)
    const dpopProof = mintDpopProof({ method, url, accessToken, key })
    expect(await outcomeOf(verifier.verify(accessToken, { method, url, dpopProof }))).toBe('proof_key_unsuitable')
  })

  it('is refused with a proof that was used before (RFC 9449 section 11.1)', async () => {
    const { verifier, clock } = await makeVerifier()
    const presentation = withProof()
    expect(await outcomeOf(verifier.verify(boundToken, presentation))).toBe('accepted')
    for (const seconds of [0, 1, 30, 29]) {
      clock.advance(seconds)
      expect(await outcomeOf(verifier.verify(boundToken, presentation))).toBe('proof_replayed')
    }
    clock.advance(1)
    expect(await outcomeOf(verifier.verify(boundToken, presentation))).toBe('proof_not_fresh')
  })

  it('is refused with the jti of another proof, whatever else is new', async () => {
    const { verifier } = await makeVerifier()
    await verifier.verify(boundToken, withProof({ tokenId: 'once' }))
    expect(await outcomeOf(verifier.verify(boundToken, withProof({ tokenId: 'once', now: frozenNow - 1 })))).toBe(
      'proof_replayed',
    )
  })

  it('is accepted once, however many use one proof at the same time', async () => {
    const { verifier } = await makeVerifier()
    const presentation = withProof()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => outcomeOf(verifier.verify(boundToken, presentation))),
    )
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
  })

  it('is not refused for a proof that was refused before', async () => {
    const { verifier } = await makeVerifier()
    const presentation = withProof({ tokenId: 'once' })
    await outcomeOf(verifier.verify(boundToken, { ...presentation, method: 'GET' }))
    expect(await outcomeOf(verifier.verify(boundToken, presentation))).toBe('accepted')
  })

  it('is accepted with one jti by two keys', async () => {
    const { verifier } = await makeVerifier()
    const other = boundTo(testKeys.otherClient)
    const dpopProof = mintDpopProof({ method, url, accessToken: other, key: testKeys.otherClient, tokenId: 'once' })
    expect(await outcomeOf(verifier.verify(boundToken, withProof({ tokenId: 'once' })))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(other, { method, url, dpopProof }))).toBe('accepted')
  })

  it.each([
    [-60, 'accepted'],
    [-61, 'proof_not_fresh'],
    [5, 'accepted'],
    [6, 'proof_not_fresh'],
    [Number.MAX_SAFE_INTEGER, 'proof_not_fresh'],
  ])('with a proof made at %i seconds from now is %s', async (seconds, expected) => {
    const { verifier } = await makeVerifier()
    expect(await outcomeOf(verifier.verify(boundToken, withProof({ now: frozenNow + seconds })))).toBe(expected)
  })
})

describe('the memory of used proofs', () => {
  it('refuses what it has no room for, until proofs expire (RFC 9449 section 11.1)', () => {
    let now = frozenNow
    const replays = new MemoryProofReplays(() => now)
    let proofs = 0
    while (replays.remember(`proof-${proofs}`, frozenNow + 60)) proofs += 1
    expect(proofs).toBe(250_000)
    now += 60
    expect(replays.remember('proof-0', now + 60)).toBe(false)
    now += 30
    expect(replays.remember('another proof', now + 60)).toBe(true)
    expect(replays.remember('another proof', now + 60)).toBe(false)
  })
})

describe('the address in a proof', () => {
  const same: readonly (readonly [string, string])[] = [
    ['https://mcp.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/mcp', 'https://mcp.company.com/mcp?a=b'],
    ['https://mcp.company.com/mcp?a=b', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/mcp#part', 'https://mcp.company.com/mcp'],
    ['https://MCP.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['HTTPS://mcp.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com:443/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/%6Dcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/a%2fb', 'https://mcp.company.com/a%2Fb'],
    ['https://mcp.company.com', 'https://mcp.company.com/'],
  ]
  const different: readonly (readonly [string, string])[] = [
    ['https://mcp.company.com/mcp/', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/MCP', 'https://mcp.company.com/mcp'],
    ['http://mcp.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com:8443/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com.attacker.example/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com@attacker.example/mcp', 'https://mcp.company.com/mcp'],
    ['https://user@mcp.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/a/b', 'https://mcp.company.com/a%2Fb'],
    ['https://mcp.company.com/', 'https://mcp.company.com/mcp'],
    ['//mcp.company.com/mcp', 'https://mcp.company.com/mcp'],
    ['/mcp', 'https://mcp.company.com/mcp'],
    ['mcp', 'https://mcp.company.com/mcp'],
    ['https://mcp.company.com/mcp%20', 'https://mcp.company.com/mcp'],
  ]

  it.each(same)('%s is that of %s (RFC 9449 section 4.3, RFC 3986 section 6.2)', async (htu, address) => {
    const { verifier } = await makeVerifier()
    const { dpopProof } = withProof({ url: htu })
    expect(await outcomeOf(verifier.verify(boundToken, { method, url: address, dpopProof }))).toBe('accepted')
  })

  it.each(different)('%s is not that of %s (RFC 9449 section 4.3)', async (htu, address) => {
    const { verifier } = await makeVerifier()
    const { dpopProof } = withProof({ url: htu })
    expect(await outcomeOf(verifier.verify(boundToken, { method, url: address, dpopProof }))).toBe('proof_url_mismatch')
  })
})

describe('a token that is not bound', () => {
  it('is refused with the DPoP scheme (RFC 9449 section 7.1)', async () => {
    const { verifier } = await makeVerifier()
    const dpopProof = mintDpopProof({ method, url, accessToken: validToken })
    expect(await outcomeOf(verifier.verify(validToken, { method, url, dpopProof }))).toBe('unbound_token_as_dpop')
    expect(await outcomeOf(verifier.verify(validToken, { method, url, scheme: 'DPoP' }))).toBe('unbound_token_as_dpop')
  })

  it('is refused where a bound one is required for this call', async () => {
    const { verifier } = await makeVerifier()
    const presentation = { method, url, requireSenderConstraint: true }
    expect(await outcomeOf(verifier.verify(validToken, presentation))).toBe('sender_constraint_required')
    expect(await outcomeOf(verifier.verify(validToken, { method, url }))).toBe('accepted')
  })
})

describe('where a nonce is demanded (RFC 9449 section 9)', () => {
  const clock = { now: frozenNow }
  const nonces = createDpopNonces({ secret: new Uint8Array(32), clock: () => clock.now })

  it('a proof without it is refused, and the nonce given', async () => {
    const { verifier } = await makeVerifier({ dpop: { nonces } })
    await expect(verifier.verify(boundToken, withProof())).rejects.toMatchObject({
      code: 'use_dpop_nonce',
      reason: 'nonce_required',
      dpopNonce: nonces.current(),
    })
  })

  it('a proof with another one is refused, and the nonce given', async () => {
    const { verifier } = await makeVerifier({ dpop: { nonces } })
    await expect(verifier.verify(boundToken, withProof({ nonce: 'other' }))).rejects.toMatchObject({
      code: 'use_dpop_nonce',
      reason: 'nonce_stale',
      dpopNonce: nonces.current(),
    })
  })

  it('a proof with it is accepted', async () => {
    const { verifier } = await makeVerifier({ dpop: { nonces } })
    expect(await outcomeOf(verifier.verify(boundToken, withProof({ nonce: nonces.current() })))).toBe('accepted')
  })

  it('a nonce is accepted for its lifetime and no longer than twice that', () => {
    clock.now = frozenNow
    const nonce = nonces.current()
    clock.now += 120
    expect(nonces.accepts(nonce)).toBe(true)
    clock.now += 120
    expect(nonces.accepts(nonce)).toBe(false)
  })
})

describe('a token that is bound to a client certificate (RFC 8705 section 3)', () => {
  const thumbprint = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'
  const certificateBound = mintAccessToken({ provider: 'keycloak', claims: { cnf: { 'x5t#S256': thumbprint } } })
  const present = (clientCertificateThumbprint?: string): TokenPresentation => ({
    method,
    url,
    clientCertificateThumbprint,
  })

  it.each([
    [thumbprint, 'accepted'],
    [undefined, 'certificate_missing'],
    ['', 'certificate_mismatch'],
    [thumbprint.toLowerCase(), 'certificate_mismatch'],
    [thumbprint.slice(0, -1), 'certificate_mismatch'],
    [`${thumbprint}=`, 'certificate_mismatch'],
    ['A'.repeat(43), 'certificate_mismatch'],
  ])('presented with %s is %s', async (given, expected) => {
    const { verifier } = await makeVerifier()
    expect(await outcomeOf(verifier.verify(certificateBound, present(given)))).toBe(expected)
  })

  it('is refused with a DPoP proof instead', async () => {
    const { verifier } = await makeVerifier()
    const dpopProof = mintDpopProof({ method, url, accessToken: certificateBound })
    expect(await outcomeOf(verifier.verify(certificateBound, { method, url, dpopProof }))).toBe('certificate_missing')
  })

  it('and to a DPoP key needs both', async () => {
    const { verifier } = await makeVerifier()
    const both = mintAccessToken({
      provider: 'keycloak',
      claims: { cnf: { ...dpopConfirmation(), 'x5t#S256': thumbprint } },
    })
    const dpopProof = (): string => mintDpopProof({ method, url, accessToken: both })
    expect(await outcomeOf(verifier.verify(both, { ...present(thumbprint), dpopProof: dpopProof() }))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(both, { ...present(), dpopProof: dpopProof() }))).toBe('certificate_missing')
    expect(await outcomeOf(verifier.verify(both, present(thumbprint)))).toBe('bound_token_as_bearer')
  })
})
