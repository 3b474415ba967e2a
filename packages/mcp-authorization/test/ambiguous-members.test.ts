import { describe, expect, it } from 'vitest'
import { hasAmbiguousMembers } from '../src/ambiguous-members.ts'

describe('ambiguous members', () => {
  it.each([
    ['twice in the message', '{"method":"a","method":"b"}'],
    ['twice, once escaped', '{"method":"a","\\u006dethod":"b"}'],
    ['twice in params', '{"params":{"name":"a","x":1,"name":"b"}}'],
    ['twice in the arguments', '{"params":{"arguments":{"id":1,"id":2}}}'],
    ['twice in a message of a batch', '[{"params":{"arguments":{"id":1,"id":2}}}]'],
    ['twice after nested values', '{"a":[{"b":1},["c","c"]],"d":{"e":{}},"a":1}'],
    ['__proto__ in params', '{"params":{"__proto__":{}}}'],
    ['__proto__ with an escape', '{"params":{"\\u005f_proto__":{}}}'],
    ['a name with an escaped quote', '{"a\\"b":1,"a\\"b":2}'],
  ])('are found: %s', (_title, text) => {
    expect(hasAmbiguousMembers(text)).toBe(true)
  })

  it.each([
    ['the same name in two objects', '{"name":"a","params":{"name":"b","arguments":{"name":"c"}}}'],
    ['the same string as a value', '{"a":"a","b":["a","a"]}'],
    ['braces and quotes in strings', '{"a":"{\\"a\\":1,","b":"}]"}'],
    ['a name that only ends in a backslash', '{"a\\\\":1,"a":2}'],
    ['no object at all', '"a"'],
    ['twice, deeper than anything that decides', '{"params":{"arguments":{"x":{"id":1,"id":2}}}}'],
  ])('are not seen in %s', (_title, text) => {
    expect(hasAmbiguousMembers(text)).toBe(false)
  })

  it('are looked for in time that grows with the text only', () => {
    expect(hasAmbiguousMembers(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)},"b":"${'\\\\'.repeat(50_000)}"}`)).toBe(
      false,
    )
  })
})
