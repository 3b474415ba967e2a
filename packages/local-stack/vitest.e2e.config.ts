import { defineConfig } from 'vitest/config'

/** Starts real stacks: minutes rather than seconds, one file at a time. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
