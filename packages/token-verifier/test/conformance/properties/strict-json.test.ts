import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../src/base64url.ts'
import { readJsonObject } from '../../../src/strict-json.ts'
import { readJsonObjectSlowly } from './reference-json.ts'
import { runs } from './runs.ts'

const maxDepth = 32

function readSlowly(bytes: Buffer): unknown {
  try {
    return readJsonObjectSlowly(bytes, maxDepth)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/** Few names, so that some come twice. */
const names = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'exp', 'aud', 'é', '', 'a"b', 'x\\', '\u{1f511}') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString') },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 5 }) },
)
const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r ')

/** A string, written plainly, with escapes, or wholly in \u. */
function writtenString(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(value, fc.constantFrom('plain', 'escaped', 'hex')).map(([text, form]) => {
    if (form === 'plain') return JSON.stringify(text)
    const hex = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    return form === 'hex' ? `"${text.split('').map(hex).join('')}"` : JSON.stringify(text).replace(/\w/, hex)
  })
}

const writtenNumber = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '0',
    '-0',
    '1e3',
    '12e2',
    '1E+2',
    '1.0',
    '1e400',
    '-1e999',
    '1000',
    '1767614400',
    '1767614e3',
    '01',
    '+1',
    '1.',
    '.5',
    '0x1',
    'NaN',
    '9007199254740993',
  ),
)

const written = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    writtenNumber,
    writtenString(names),
    fc.constantFrom('true', 'false', 'null', '"\\ud800"', '"\\udfff\\ud800"', '"\u0001"', 'undefined', "'a'"),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 4 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
    tie('object'),
  ),
  object: fc
    .tuple(fc.array(fc.tuple(writtenString(names), tie('value')), { maxLength: 5 }), space, space)
    .map(
      ([members, before, after]) =>
        `{${before}${members.map(([name, value]) => `${name}${after}:${value}`).join(`${before},${after}`)}${after}}`,
    ),
})).object

describe('the strict JSON reader', () => {
  it('agrees with a slow reader on JSON in every spelling', () => {
    fc.assert(
      fc.property(written, (text) => {
        const bytes = Buffer.from(text)
        expect(readJsonObject(bytes)).toEqual(readSlowly(bytes))
      }),
      runs(3000),
    )
  })

  it('agrees with a slow reader on JSON with bytes changed, taken out or put in', () => {
    const change = fc.record({ at: fc.nat(200), cut: fc.nat(2), put: fc.uint8Array({ maxLength: 3 }) })
    fc.assert(
      fc.property(written, fc.array(change, { maxLength: 3 }), (text, changes) => {
        const bytes = changes.reduce((from, { at, cut, put }) => {
          const place = at % (from.length + 1)
          return Buffer.concat([from.subarray(0, place), put, from.subarray(place + cut)])
        }, Buffer.from(text))
        expect(readJsonObject(bytes)).toEqual(readSlowly(bytes))
      }),
      runs(3000),
    )
  })

  it('reads every object that JSON.stringify writes, and reads the same', () => {
    const safe = fc
      .jsonValue({ depthSize: 'small' })
      .filter((value) => !/\\u[dD][89a-fA-F]/.test(JSON.stringify(value) ?? ''))
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ maxLength: 8 }).filter((name) => !/__proto__|constructor|prototype/.test(name)),
          safe,
        ),
        (object) => {
          const text = JSON.stringify(object)
          fc.pre(!/__proto__|constructor|prototype/.test(text))
          expect(readJsonObject(Buffer.from(text))).toEqual(JSON.parse(text))
        },
      ),
      runs(1000),
    )
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readJsonObject(Buffer.from(bytes))).toEqual(readSlowly(Buffer.from(bytes)))
      }),
      runs(2000),
    )
  })

  it.each(['null', 'true', '7', '"a"', '[]', '[{}]', ''])('reads objects and nothing else: %s', (text) => {
    expect(readJsonObject(Buffer.from(text))).toBeUndefined()
  })

  it.each([
    ['digits', '{"abcd":1,"abcd":1}'],
    ['digits that are many', '{"a":1,"b":1,"c":1,"d":1,"":1,"":1}'],
    ['an exponent of ten digits', '{"t":1e9,"ab":1,"ab":1}'],
    ['an exponent of sixteen digits', '{"t":1e15,"abcdefg":1,"abcdefg":1}'],
    ['an exponent beyond what is exact', '{"t":1e23,"a":1,"a":1}'],
    ['an exponent of a fraction', '{"s":1e-6,"t":1e-6,"abc":1,"abc":1}'],
    ['an exponent below zero', '{"t":-1e15,"abcdefg":1,"abcdefg":1}'],
    ['zero', '{"a":0,"b":0,"c":0,"d":0,"":0,"":0}'],
    ['empty lists and objects', '{"a":[],"b":{},"c":1,"c":1}'],
  ])('takes no name twice, whatever stands beside it to make up for the length: %s', (_what, text) => {
    const once = text.replace(/("\w*":\d),\1/, '$1')
    expect(readJsonObject(Buffer.from(once))).toEqual(JSON.parse(text))
    expect(readJsonObject(Buffer.from(text))).toBeUndefined()
  })

  it.each([32, 33])('reads nesting up to 32 levels: %i', (levels) => {
    const objects = `${'{"a":'.repeat(levels - 1)}{"b":true}${'}'.repeat(levels - 1)}`
    const lists = `{"a":${'['.repeat(levels - 1)}true${']'.repeat(levels - 1)}}`
    for (const text of [objects, lists, objects.replace(':', ': '), lists.replace(':', ': ')])
      expect(readJsonObject(Buffer.from(text)) !== undefined).toBe(levels <= maxDepth)
  })
})

describe('the base64url decoder', () => {
  it('gives back what the encoder was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes))
      }),
      runs(1000),
    )
  })

  it('takes exactly one spelling of any bytes', () => {
    const alphabet = 'ABYZabyz0189-_+/= .\n\0~'
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 12 }), (text) => {
        const bytes = decodeBase64url(text)
        expect(bytes === undefined || bytes.toString('base64url') === text).toBe(true)
        if (/^[\w-]+$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text)
          expect(bytes).toBeDefined()
      }),
      runs(5000),
    )
  })
})
