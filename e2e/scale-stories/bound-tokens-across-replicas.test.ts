import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mintDpopProof, testKeys } from '@mcp-identity/test-kit'
import { importJWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'

describe.runIf(inject('containers'))('a token that is bound to a key (RFC 9449), at three replicas', () => {
  const stack = inject('stack')
  const replicas = stack?.urls.replicas ?? []
  const resource = stack?.urls.mcp ?? ''
  let token = ''

  beforeAll(async () => {
    token = await boundToken()
  })

  it('Keycloak binds it to the key of the proof', () =>
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      cnf: { jkt: expect.any(String) },
    }))

  it('every replica takes it with a fresh proof each', async () => {
    for (const replica of replicas) expect(await call(replica, freshProof())).toBe(200)
  })

  it('a proof that one replica has seen is refused by all others: a stolen pair is worth nothing anywhere', async () => {
    for (const [index, replica] of replicas.entries()) {
      const proof = freshProof()
      expect(await call(replica, proof)).toBe(200)
      for (const other of replicas.with(index, resource)) expect(await call(other, proof)).toBe(401)
    }
  })

  it('of many that send one proof to different replicas at once, one is let in', async () => {
    const proof = freshProof()
    const targets = Array.from({ length: 12 }, (_, index) => replicas[index % replicas.length] ?? '')
    const statuses = await Promise.all(targets.map((replica) => call(replica, proof)))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(11)
  })

  it.each([
    ['without a proof', () => undefined],
    ['with the proof of another key', () => freshProof({ key: testKeys.otherClient })],
    ['with a proof for another address', () => freshProof({ url: 'https://other.example/mcp' })],
  ])('no replica takes it %s', async (_, proof) => {
    for (const replica of replicas) expect(await call(replica, proof())).toBe(401)
  })

  it('no replica takes it as a bearer token', async () => {
    for (const replica of replicas) expect(await call(replica, undefined, 'Bearer')).toBe(401)
  })

  const now = (): number => Math.floor(Date.now() / 1000)

  function freshProof(change: Partial<Parameters<typeof mintDpopProof>[0]> = {}): string {
    const given = { method: 'POST', url: resource, accessToken: token, now: now(), tokenId: randomUUID() }
    return mintDpopProof({ ...given, ...change })
  }

  async function call(replica: string, proof: string | undefined, scheme = 'DPoP'): Promise<number> {
    const response = await fetch(replica, {
      method: 'POST',
      headers: {
        authorization: `${scheme} ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        ...(proof === undefined ? {} : { dpop: proof }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
    })
    await response.text()
    return response.status
  }

  /** Of the nightly job, which signs its own assertion (RFC 7523) and shows a key of its own beside. */
  async function boundToken(): Promise<string> {
    const { clientId, privateKeyFile } = stack.clients.service
    const tokenEndpoint = `${stack.urls.issuer}/protocol/openid-connect/token`
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(stack.urls.issuer)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('30s')
      .sign(await importJWK(JSON.parse(readFileSync(privateKeyFile, 'utf8')), 'ES256'))
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { dpop: mintDpopProof({ method: 'POST', url: tokenEndpoint, now: now(), tokenId: randomUUID() }) },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'read:customers',
        resource,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    })
    const answer = (await response.json()) as { access_token?: string; token_type?: string }
    expect(answer).toMatchObject({ token_type: 'DPoP' })
    return answer.access_token ?? ''
  }
})
