import { describe, expect, it } from 'vitest'
import { fetchMetadata, metadataAddresses } from '../src/authorization-server-metadata.ts'

const issuer = 'https://as.company.com/tenant'
const [inserted = '', appended = ''] = metadataAddresses(issuer).map(String)
const limits = { timeoutMs: 1000, maxBytes: 10_000 }

/** Metadata as it is fetched from addresses that answer so, everything else being 404 without a body. */
function metadataFrom(answers: Readonly<Record<string, readonly [number, string]>>) {
  return fetchMetadata(issuer, limits, async (address) => {
    const [status, body] = answers[String(address)] ?? [404, '']
    return new Response(body, { status })
  })
}

describe('the addresses of metadata', () => {
  it.each([
    [
      'https://as.company.com',
      'https://as.company.com/.well-known/oauth-authorization-server',
      'https://as.company.com/.well-known/openid-configuration',
    ],
    [
      'https://as.company.com/',
      'https://as.company.com/.well-known/oauth-authorization-server',
      'https://as.company.com/.well-known/openid-configuration',
    ],
    [
      'https://as.company.com/tenant',
      'https://as.company.com/.well-known/oauth-authorization-server/tenant',
      'https://as.company.com/tenant/.well-known/openid-configuration',
    ],
    [
      'https://as.company.com/tenant/',
      'https://as.company.com/.well-known/oauth-authorization-server/tenant/',
      'https://as.company.com/tenant/.well-known/openid-configuration',
    ],
  ])(
    'of %s are inserted (RFC 8414 section 3.1) and appended (OpenID Connect Discovery 1.0 section 4)',
    (of, ...both) => {
      expect(metadataAddresses(of).map(String)).toEqual(both)
    },
  )
})

describe('metadata', () => {
  const document = JSON.stringify({ issuer, jwks_uri: 'https://as.company.com/keys' })

  it.each([inserted, appended])('is taken from %s alone', async (address) => {
    await expect(metadataFrom({ [address]: [200, document] })).resolves.toMatchObject({ issuer })
  })

  it.each([
    ['a document that comes with an error', [404, document]],
    ['a page for people', [200, '<html>']],
    ['a list', [200, '[]']],
  ] as const)('is looked for at the second address when the first gives %s', async (_what, answer) => {
    const second = JSON.stringify({ issuer, jwks_uri: 'https://as.company.com/other' })
    await expect(metadataFrom({ [inserted]: answer, [appended]: [200, second] })).resolves.toMatchObject({
      jwks_uri: 'https://as.company.com/other',
    })
    await expect(metadataFrom({ [inserted]: answer })).rejects.toThrow('it publishes no metadata')
  })
})
