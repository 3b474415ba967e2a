import { defineConfig, mergeConfig } from 'vitest/config'
import stories from './vitest.config.ts'

/** The stories in which people sign in over SAML 2.0; they have a stack of their own. */
export default mergeConfig(
  { ...stories, test: { ...stories.test, include: [], globalSetup: [] } },
  defineConfig({
    test: { include: ['saml-stories/**/*.test.ts'], globalSetup: ['./saml-stack.ts'] },
  }),
)
