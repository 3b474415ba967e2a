import { expect, it } from 'vitest'
import { buildStory } from '../../src/demo/story.ts'
import { readSettings } from '../../src/settings.ts'
import { startStack } from '../../src/start-stack.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** One of each form: group ids and prefixed scopes, names and bare scopes, two names for one issuer, opaque tokens. */
it.each(['entra', 'okta', 'adfs', 'google'] as const)(
  'the story holds with %s as the issuer and no Keycloak',
  async (provider) => {
    const stack = await startStack({
      settings: readSettings({ PORT_BASE: '9780', ...process.env }),
      directory: temporaryFolder(),
      trust: { provider, issuer: 'provider' },
    })
    const story = buildStory(stack.file)
    try {
      expect(story.limits.length).toBeGreaterThan(0)
      expect(story.steps.length).toBeGreaterThan(6)
      for (const step of story.steps)
        await step.run().catch((cause) => Promise.reject(new Error(step.asked, { cause })))
    } finally {
      await story.restore()
      await stack.stop()
    }
  },
)
