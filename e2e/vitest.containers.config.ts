import { defineConfig, mergeConfig } from 'vitest/config'
import stories from './vitest.config.ts'

/** The stories that are about containers; they have a stack of their own, from `infra/compose.yaml`. */
export default mergeConfig(
  { ...stories, test: { ...stories.test, include: [], globalSetup: [] } },
  defineConfig({
    test: {
      include: ['container-stories/**/*.test.ts'],
      globalSetup: ['./container-stack.ts'],
      testTimeout: 240_000,
    },
  }),
)
