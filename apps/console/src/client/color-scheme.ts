import { applyColorScheme } from './theme/color-scheme.ts'

// Before the first paint, so that a dark page never flashes white.
applyColorScheme()
