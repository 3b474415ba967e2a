import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/{server,client}/**/*.test.{ts,tsx}'] } },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          // The stories wait for a real Keycloak most of the time; two at once fit on two cores.
          maxWorkers: 2,
          testTimeout: 90_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
