import { accessTokenOf, callWithToken, startSteadyCallers, tally } from '@mcp-identity/local-stack/demo'
import { openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const goodCallers = ['anna', 'dave', 'carol']

interface KeyProvider {
  id: string
  config: Record<string, string[]>
}

describe.runIf(inject('containers'))('the realm gets new signing keys while three replicas are called', () => {
  const stack = inject('stack')
  const replicas = stack?.urls.replicas ?? []
  const callers = startSteadyCallers(stack?.urls.mcp ?? '')
  const keycloak = openKeycloakAdministrator({ ...stack })
  const added: string[] = []
  let first: KeyProvider
  let good: readonly number[] = []
  let old = ''

  beforeAll(async () => {
    first = await signingKey()
    old = await accessTokenOf(stack, 'alice')
    good = callers.call(await Promise.all(goodCallers.map((username) => accessTokenOf(stack, username))))
  })
  afterAll(async () => {
    await callers.stop()
    await change(first, 'true')
    for (const id of added) await keycloak.request('DELETE', `/components/${id}`)
  })

  it('a planned rotation: tokens of both keys are good at every replica, and no call fails', async () => {
    await addKey('200')
    const renewed = await accessTokenOf(stack, 'alice')
    expect(keyIdOf(renewed)).not.toBe(keyIdOf(old))
    for (const replica of replicas)
      for (const token of [renewed, old, renewed])
        expect(await callWithToken(replica, token)).toMatchObject({ status: 200 })
    expect(good.length).toBeGreaterThan(20)
    expect(tally(good)).toEqual({ 200: good.length })
  })

  it('a key that leaked: withdrawn, its tokens are refused wherever the next key was seen', async () => {
    await callers.stop()
    const leaked = await accessTokenOf(stack, 'bob')
    await addKey('300')
    for (const provider of await keyProviders()) if (provider.id !== added.at(-1)) await change(provider, 'false')
    const renewed = await accessTokenOf(stack, 'bob')
    for (const replica of replicas) {
      expect(await callWithToken(replica, renewed)).toMatchObject({ status: 200 })
      for (const token of [leaked, old])
        expect(await callWithToken(replica, token)).toMatchObject({ status: 401, challengeError: 'invalid_token' })
    }
  })

  async function keyProviders(): Promise<KeyProvider[]> {
    const found = await keycloak.request('GET', '/components?type=org.keycloak.keys.KeyProvider')
    const all = (await found.json()) as (KeyProvider & { providerId: string })[]
    return all.filter(({ providerId }) => providerId === 'rsa-generated')
  }

  async function signingKey(): Promise<KeyProvider> {
    const [only, ...others] = await keyProviders()
    if (only === undefined || others.length > 0) throw new Error('the realm has no single RSA key to begin with')
    return only
  }

  async function addKey(priority: string): Promise<void> {
    const realm = (await (await keycloak.request('GET', '')).json()) as { id: string }
    const made = await keycloak.request('POST', '/components', {
      name: `rsa-${priority}`,
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.id,
      config: { priority: [priority], enabled: ['true'], active: ['true'], algorithm: ['RS256'], keySize: ['2048'] },
    })
    added.push(made.headers.get('location')?.split('/').at(-1) ?? '')
  }

  async function change(provider: KeyProvider, enabled: 'true' | 'false'): Promise<void> {
    const config = { ...provider.config, enabled: [enabled], active: [enabled] }
    await keycloak.request('PUT', `/components/${provider.id}`, { ...provider, config })
  }
})

function keyIdOf(token: string): string {
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return (JSON.parse(header) as { kid: string }).kid
}
