import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFrozenClock, dialects, mintAccessToken, serveKeySet, testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { createAccessTokenVerifier, keycloak } from '../src/index.ts'
import { ThreadChoice } from '../src/thread-choice.ts'

describe('the thread pool', () => {
  it('is left alone for the first four verifications that one run of code begins', async () => {
    const choice = new ThreadChoice()
    expect(Array.from({ length: 6 }, () => choice.isPoolWorthIt())).toEqual([false, false, false, false, true, true])
    await Promise.resolve()
    expect(choice.isPoolWorthIt()).toBe(false)
  })

  it('is left alone by one who waits for each answer, however often she asks', async () => {
    const choice = new ThreadChoice()
    for (let number = 0; number < 1000; number += 1) {
      expect(choice.isPoolWorthIt()).toBe(false)
      await Promise.resolve()
    }
  })

  it('is left alone for the first sixteen tasks of one turn of the event loop', async () => {
    const choice = new ThreadChoice()
    const answers: boolean[] = []
    // Immediates that wait together run in one turn, each a task of its own.
    for (let number = 0; number < 18; number += 1) setImmediate(() => answers.push(choice.isPoolWorthIt()))
    await nextTurn()
    expect(answers.indexOf(true)).toBe(16)
    await nextTurn()
    await nextTurn()
    expect(choice.isPoolWorthIt()).toBe(false)
  })

  it('goes on to be used while others are in it, up to 256', async () => {
    const choice = new ThreadChoice()
    for (let number = 0; number < 255; number += 1) choice.enterPool()
    await nextTurn()
    expect(choice.isPoolWorthIt()).toBe(true)
    choice.enterPool()
    expect(choice.isPoolWorthIt()).toBe(false)
    choice.leavePool()
    expect(choice.isPoolWorthIt()).toBe(true)
  })

  it.each([testKeys.p256, testKeys.ed25519, testKeys.rsa])('changes no outcome: $algorithm', async (key) => {
    const keySet = await serveKeySet()
    const { issuer, audience } = dialects.keycloak
    const verifier = createAccessTokenVerifier({
      resource: audience,
      issuers: [keycloak({ issuer, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true })],
      cache: false,
      clock: createFrozenClock(),
      onWarning: () => undefined,
    })
    const right = mintAccessToken({ provider: 'keycloak', key })
    const wrong = `${right.slice(0, -20)}${right.at(-20) === 'A' ? 'B' : 'A'}${right.slice(-19)}`
    await verifier.verify(right)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, number) => verifier.verify(number % 3 === 0 ? wrong : right)),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 300 }, (_, number) => (number % 3 === 0 ? 'rejected' : 'fulfilled')),
    )
    verifier.close()
    await keySet.close()
  })
})
