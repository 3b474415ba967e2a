import { createScopeHierarchy } from '@mcp-identity/mcp-authorization'
import { describe, expect, it } from 'vitest'

const hierarchy = createScopeHierarchy({ admin: ['write'], write: ['read'], loop: ['loop', 'admin'] })

describe('a scope hierarchy', () => {
  it('implies over several steps', () => {
    expect([...hierarchy.expand(['admin'])]).toEqual(['admin', 'write', 'read'])
  })

  it('never implies the broader scope', () => {
    expect([...hierarchy.expand(['read'])]).toEqual(['read'])
  })

  it('keeps scopes that it does not know', () => {
    expect([...hierarchy.expand(['openid'])]).toEqual(['openid'])
  })

  it('names what grants a scope, itself first', () => {
    expect(hierarchy.grantedBy('read')).toEqual(['read', 'admin', 'write', 'loop'])
    expect(hierarchy.grantedBy('constructor')).toEqual(['constructor'])
  })

  it.each(['two words', 'with"quote', 'back\\slash', '', 'ünïcode'])('refuses the scope %j', (scope) => {
    expect(() => createScopeHierarchy({ admin: [scope] })).toThrow(TypeError)
  })
})
