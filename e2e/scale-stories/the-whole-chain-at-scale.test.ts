import { buildStory } from '@mcp-identity/local-stack/demo'
import { afterAll, describe, inject, it } from 'vitest'
import { kill, start } from '../container-control.ts'

const containers = inject('containers')

/** Killed before the step of this number; nobody waits for anything before the story goes on. */
const killedBefore: Readonly<Record<number, string>> = { 7: 'mcp-server-3', 14: 'keycloak-1' }

describe.runIf(containers)('the whole story over TLS, with a replica and a node killed in the middle of it', () => {
  const story = containers === undefined ? undefined : buildStory(inject('stack'))
  afterAll(async () => {
    for (const service of Object.values(killedBefore)) await start(service)
    await story?.restore()
  })
  for (const [index, step] of (story?.steps ?? []).entries()) {
    it(step.asked, async () => {
      const service = killedBefore[index + 1]
      if (service !== undefined) await kill(service)
      await step.run()
    })
  }
})
