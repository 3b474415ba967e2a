import { trustAuthority } from '@mcp-identity/local-stack'
import { inject } from 'vitest'

// Where no engine answers there is no stack to trust.
trustAuthority(inject('stack')?.authorityFile)
