import { accessTokenOf, callWithToken, openCorporateDirectory } from '@mcp-identity/local-stack/demo'
import { afterEach, describe, expect, inject, it } from 'vitest'

const rounds = 3
const boundMs = 1000
const callsAfterwards = 20

describe.runIf(inject('containers'))('disabled means denied, on every replica', () => {
  const stack = inject('stack')
  const replicas = stack?.urls.replicas ?? []
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')
  afterEach(() => directory.enable('alice'))

  it.each(Array.from({ length: rounds }, (_, round) => round + 1))('round %i', async () => {
    const token = await accessTokenOf(stack, 'alice')
    for (const replica of replicas) expect(await callWithToken(replica, token)).toMatchObject({ status: 200 })

    const clickedAt = performance.now()
    const disabled = directory.disable('alice')
    const readings = await Promise.all(replicas.map((replica) => watch(replica, token, clickedAt)))
    await disabled
    expect(readings).toHaveLength(3)
    for (const { milliseconds, afterwards } of readings) {
      expect(milliseconds).toBeLessThan(boundMs)
      expect(new Set(afterwards)).toEqual(new Set([401]))
    }
    console.log(`first refusal at each replica: ${readings.map(({ milliseconds }) => `${milliseconds} ms`).join(', ')}`)
  })

  it('a token that one replica refuses is refused through the proxy, whichever it asks', async () => {
    const token = await accessTokenOf(stack, 'alice')
    await directory.disable('alice')
    for (const replica of replicas) await watch(replica, token, performance.now())
    for (let call = 0; call < callsAfterwards; call += 1)
      expect(await callWithToken(stack.urls.mcp, token)).toMatchObject({ status: 401, challengeError: 'invalid_token' })
  })
})

/** Calls until the first refusal, and some more. @throws {Error} None within five times the bound. */
async function watch(replica: string, token: string, clickedAt: number) {
  while (performance.now() - clickedAt < 5 * boundMs) {
    const { status } = await callWithToken(replica, token)
    if (status !== 401) continue
    const milliseconds = Math.round(performance.now() - clickedAt)
    const afterwards: number[] = []
    for (let call = 0; call < callsAfterwards; call += 1) afterwards.push((await callWithToken(replica, token)).status)
    return { milliseconds, afterwards }
  }
  throw new Error(`${replica} still allows after ${5 * boundMs} ms`)
}
