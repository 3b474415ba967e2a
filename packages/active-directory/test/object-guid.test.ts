import { expect, it } from 'vitest'
import { readGuid } from '../src/index.ts'

it('turns the first three parts of an objectGUID round, as MS-DTYP section 2.3.4.2 has them', () => {
  expect(readGuid(Buffer.from('33221100554477668899aabbccddeeff', 'hex'))).toBe('00112233-4455-6677-8899-aabbccddeeff')
})

it('refuses what is no objectGUID', () => {
  expect(() => readGuid(Buffer.alloc(15))).toThrow('16 bytes')
})
