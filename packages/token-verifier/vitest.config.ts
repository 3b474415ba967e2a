import { configDefaults, defineConfig } from 'vitest/config'

// A tool's own format. Thousands of signatures are made in some tests, which takes its time on a busy machine.
export default defineConfig({
  test: { testTimeout: 60_000, exclude: [...configDefaults.exclude, '.stryker-tmp'] },
})
