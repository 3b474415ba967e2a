import { defineConfig, mergeConfig } from 'vitest/config'
import containers from './vitest.containers.config.ts'

/** The stories of several nodes behind a proxy, from `infra/compose.scale.yaml`. */
export default mergeConfig(
  { ...containers, test: { ...containers.test, include: [], globalSetup: [] } },
  defineConfig({
    test: {
      include: ['scale-stories/**/*.test.ts'],
      globalSetup: ['./scale-stack.ts'],
      setupFiles: ['./scale-trust.ts'],
      hookTimeout: 400_000,
    },
  }),
)
