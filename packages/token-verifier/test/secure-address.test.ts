import { describe, expect, it } from 'vitest'
import { checkSecureAddress, isLoopback } from '../src/secure-address.ts'

describe('an address that keys are fetched from', () => {
  it.each(['https://as.company.com/keys', 'https://127.0.0.1/keys'])('may be %s', (address) => {
    expect(checkSecureAddress('jwksUri', address, false).href).toBe(address)
  })

  it.each([
    'http://localhost:8080/',
    'http://keycloak.localhost/',
    'http://127.0.0.1/',
    'http://127.3.2.1/',
    'http://127.255.255.254/',
    'http://[::1]/',
  ])('may be %s where that was switched on', (address) => {
    expect(checkSecureAddress('jwksUri', address, true).href).toBe(address)
    expect(() => checkSecureAddress('jwksUri', address, false)).toThrow('jwksUri must be an https address')
  })

  it.each([
    'http://as.company.com/',
    'http://localhost.company.com/',
    'http://127.0.0.1.company.com/',
    'http://notlocalhost/',
    'http://128.0.0.1/',
    'http://x127.0.0.1.nip.example/',
    'ftp://127.0.0.1/',
    'ws://localhost/',
    'file:///keys',
    'data:application/json,{}',
  ])('is never %s', (address) => {
    for (const allowsHttp of [true, false])
      expect(() => checkSecureAddress('jwksUri', address, allowsHttp)).toThrow('jwksUri must be an https address')
  })

  it.each(['https://alice@as.company.com/', 'https://:secret@as.company.com/', 'https://as.company.com/#part'])(
    'has no user name, password or fragment: %s',
    (address) => {
      expect(() => checkSecureAddress('jwksUri', address, true)).toThrow('no user name, password or fragment')
    },
  )

  it.each(['keys', '', '//as.company.com', undefined, 7, new URL('https://as.company.com')])(
    'is an absolute text, not %j',
    (address) => {
      expect(() => checkSecureAddress('jwksUri', address as string, true)).toThrow('jwksUri must be an absolute URL')
    },
  )
})

it('this machine has few names', () => {
  expect(['localhost', 'a.localhost', '127.0.0.1', '[::1]'].every(isLoopback)).toBe(true)
  expect(['', '.localhost', 'localhost.', '::1', '127.0.0', 'a127.0.0.1', '127.0.0.1a'].some(isLoopback)).toBe(false)
})
