import { defineConfig, mergeConfig } from 'vitest/config'
import stories from './vitest.config.ts'

/** The stories that need what is experimental in Keycloak; they have a stack of their own. */
process.env.REALM_PROFILE = 'preview'

export default mergeConfig(
  { ...stories, test: { ...stories.test, include: [] } },
  defineConfig({
    test: { include: ['preview-stories/**/*.test.ts'] },
  }),
)
