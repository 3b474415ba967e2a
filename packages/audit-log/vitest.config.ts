import { defineConfig } from 'vitest/config'

// Tests that wait for the disk, threads and processes take their time on a busy machine.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } })
