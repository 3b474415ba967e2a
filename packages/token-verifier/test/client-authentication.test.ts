import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { authenticateClient } from '../src/online/client-authentication.ts'

const issuer = 'https://keycloak.company.com/realms/company'
const now = 1_767_614_400

describe('a resource server that asks an issuer', () => {
  it('authenticates by its secret, both halves form-encoded (RFC 6749 section 2.3.1)', async () => {
    const credentials = { clientId: 'http://localhost:8481/mcp', clientSecret: 'a:b c%é' }
    const { headers, form } = await authenticateClient(credentials, issuer, now)
    expect(Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()).toBe(
      'http%3A%2F%2Flocalhost%3A8481%2Fmcp:a%3Ab+c%25%C3%A9',
    )
    expect(form).toEqual({})
  })

  it('or by an assertion of one minute, signed with its own key (RFC 7523 section 3)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }
    const credentials = { clientId: 'resource-server', privateKey: jwk }
    const [{ headers, form }, second] = await Promise.all([
      authenticateClient(credentials, issuer, now + 0.5),
      authenticateClient(credentials, issuer, now),
    ])
    const assertion = form.client_assertion ?? ''
    const key = await importJWK({ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' })
    const { payload } = await jwtVerify(assertion, key, { currentDate: new Date(now * 1000), audience: issuer })
    expect(headers).toEqual({})
    expect(form).toMatchObject({
      client_id: 'resource-server',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(payload).toMatchObject({ iss: 'resource-server', sub: 'resource-server', iat: now, exp: now + 60 })
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'ES256', kid: 'k1' })
    expect(second.form.client_assertion).not.toBe(assertion)
  })
})
