import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../src/resource-server-suite/parse-challenges.ts'

const read = (...values: string[]) =>
  parseChallenges(values)?.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

describe('challenges, read to the letter (RFC 9110 section 11.6.1)', () => {
  it.each([
    ['Bearer', [['bearer', {}]]],
    ['Bearer realm="a, b", error=invalid_token', [['bearer', { realm: 'a, b', error: 'invalid_token' }]]],
    ['Bearer scope="a b" , max_age="5"', [['bearer', { scope: 'a b', max_age: '5' }]]],
    ['Bearer a="q\\"x"', [['bearer', { a: 'q"x' }]]],
    [
      'Negotiate dG9rZW4=, Bearer a=b',
      [
        ['negotiate', {}],
        ['bearer', { a: 'b' }],
      ],
    ],
    [
      'DPoP algs="ES256", Bearer',
      [
        ['dpop', { algs: 'ES256' }],
        ['bearer', {}],
      ],
    ],
    ['', []],
  ])('reads %s', (value, expected) => {
    expect(read(value)).toEqual(expected)
  })

  it('joins several headers', () => {
    expect(read('Bearer a=b', 'DPoP c=d')).toEqual([
      ['bearer', { a: 'b' }],
      ['dpop', { c: 'd' }],
    ])
  })

  it.each([
    'Bearer a="b',
    'Bearer a=b c=d',
    'Bearer a="b"c',
    'Bearer a=b, a=c',
    '="x"',
    'a=b',
    'Bearer a=b; c=d',
    'Bearer é="x"',
  ])('refuses %s', (value) => {
    expect(read(value)).toBeUndefined()
  })
})
