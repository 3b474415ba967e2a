import { defineConfig } from 'vitest/config'

// A tool's own format. Some tests move a hundred megabytes, which takes its time on a busy machine.
export default defineConfig({ test: { testTimeout: 60_000 } })
