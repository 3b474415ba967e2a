import { configDefaults, defineConfig } from 'vitest/config'

// What tests the packed archive and the compiler's answers learns nothing from a mutant of the sources.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    exclude: [...configDefaults.exclude, 'test/packed-archive.test.ts', 'test/must-not-compile.test.ts'],
  },
})
