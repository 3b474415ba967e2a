import { buildStory } from '@mcp-identity/local-stack/demo'
import { afterAll, describe, inject, it } from 'vitest'
import { eventually, kill, start } from '../container-control.ts'

const containers = inject('containers')

/** Killed before the step of this number. What was under way is lost; the story goes on when the proxy has seen it. */
const killedBefore: Readonly<Record<number, string>> = { 7: 'mcp-server-3', 14: 'keycloak-1' }

describe.runIf(containers)('the whole story over TLS, with a replica and a node killed in the middle of it', () => {
  const story = containers === undefined ? undefined : buildStory(inject('stack'))
  afterAll(async () => {
    for (const service of Object.values(killedBefore)) await start(service)
    await story?.restore()
  })
  /** For longer than a replica goes on with what it knew before (5 s): then each has heard from a node that is left. */
  async function everythingAnswers(): Promise<boolean> {
    const { issuer, mcp } = inject('stack').urls
    const addresses = [`${issuer}/.well-known/openid-configuration`, new URL('/readyz', mcp)]
    const until = performance.now() + 6_000
    while (performance.now() < until) {
      const answered = await Promise.all(addresses.map(isAnswered))
      if (answered.includes(false)) return false
    }
    return true
  }

  for (const [index, step] of (story?.steps ?? []).entries()) {
    it(step.asked, async () => {
      const service = killedBefore[index + 1]
      if (service !== undefined) {
        await kill(service)
        await eventually(everythingAnswers)
      }
      await step.run()
    })
  }
})

function isAnswered(address: string | URL): Promise<boolean> {
  return fetch(address).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.ok
    },
    () => false,
  )
}
