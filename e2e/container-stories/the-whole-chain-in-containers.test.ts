import { buildStory } from '@mcp-identity/local-stack/demo'
import { afterAll, describe, inject, it } from 'vitest'

const containers = inject('containers')

describe.runIf(containers)('the whole story, every part in a container', () => {
  const story = containers === undefined ? undefined : buildStory(inject('stack'))
  afterAll(() => story?.restore())
  for (const step of story?.steps ?? []) it(step.asked, () => step.run())
})
