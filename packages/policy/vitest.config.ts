import { defineConfig } from 'vitest/config'

// Property tests take their time on a busy machine.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } })
