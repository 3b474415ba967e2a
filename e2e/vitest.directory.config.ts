import { defineConfig, mergeConfig } from 'vitest/config'
import stories from './vitest.config.ts'

/** The stories with Active Directory behind Keycloak; they have a stack of their own. */
export default mergeConfig(
  { ...stories, test: { ...stories.test, include: [], globalSetup: [] } },
  defineConfig({
    test: { include: ['directory-stories/**/*.test.ts'] },
  }),
)
