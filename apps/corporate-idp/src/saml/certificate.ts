import 'reflect-metadata'
import { createHash, createPrivateKey, webcrypto } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import type { JWK } from 'jose'

/** What signs SAML messages. */
export interface SamlKey {
  kid: string
  /** PKCS #8, PEM. */
  privateKey: string
  /** PEM. A wrapping of the public key that SAML asks for; nobody is meant to trust its dates or its name. */
  certificate: string
}

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
/** Fixed, so that one key has one certificate for ever: metadata that changes at every start is hard to compare. */
const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') }

/** Wraps the signing key of the OpenID Provider for SAML: the same key, in a self-signed certificate. */
export async function toSamlKey(jwk: JWK & { kid: string }): Promise<SamlKey> {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicJwk } = jwk
  const importKey = (key: JWK, usage: 'sign' | 'verify') =>
    webcrypto.subtle.importKey('jwk', { ...key, key_ops: [usage] }, algorithm, true, [usage])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `00${createHash('sha256').update(jwk.kid).digest('hex').slice(0, 30)}`,
    name: 'CN=Company',
    ...validity,
    signingAlgorithm: algorithm,
    keys: { privateKey: await importKey(jwk, 'sign'), publicKey: await importKey(publicJwk, 'verify') },
  })
  const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  return {
    kid: jwk.kid,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certificate.toString('pem'),
  }
}

/** What stands between the first and the last line of a PEM, in one line. */
export function withoutArmour(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '')
}
