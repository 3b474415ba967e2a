import { defineConfig } from 'vitest/config'

/** One stack serves all stories, one after the other; Keycloak alone wants both cores of a small machine. */
export default defineConfig({
  test: {
    include: ['stories/**/*.test.ts'],
    globalSetup: ['./running-stack.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    retry: 0,
  },
})
