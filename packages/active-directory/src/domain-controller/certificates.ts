import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** Files of a domain controller's certificate and of the CA that made it. The CA's key is not kept. */
export interface CertificateFiles {
  ca: string
  certificate: string
  /** 0600, as Samba demands. */
  key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const lifetimeMs = 365 * 24 * 3600_000
const renewBeforeMs = 7 * 24 * 3600_000
const serverAuthentication = '1.3.6.1.5.5.7.3.1'

/** Makes a CA and a certificate for these names, once: those of an earlier run are kept while they are good. */
export async function openCertificates(folder: string, names: { dns: string; ip: string }): Promise<CertificateFiles> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = { ca: join(folder, 'ca.pem'), certificate: join(folder, 'server.pem'), key: join(folder, 'server.key') }
  if (!areGood(files, names.ip)) await makeCertificates(files, names)
  return files
}

function areGood({ certificate, ca, key }: CertificateFiles, ip: string): boolean {
  if (![certificate, ca, key].every((file) => existsSync(file))) return false
  const known = new x509.X509Certificate(readFileSync(certificate, 'utf8'))
  const alternative = known.getExtension(x509.SubjectAlternativeNameExtension)
  const isForIp = alternative?.names.items.some((name) => name.type === 'ip' && name.value === ip) === true
  return isForIp && known.notAfter.getTime() - Date.now() > renewBeforeMs
}

async function makeCertificates(files: CertificateFiles, { dns, ip }: { dns: string; ip: string }): Promise<void> {
  const period = { notBefore: new Date(Date.now() - 3600_000), notAfter: new Date(Date.now() + lifetimeMs) }
  const caKeys = await makeKeys()
  const serverKeys = await makeKeys()
  const issuer = 'CN=Domain controller CA (development)'
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...period,
    name: issuer,
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  const certificate = await x509.X509CertificateGenerator.create({
    ...period,
    subject: `CN=${dns}`,
    issuer,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([serverAuthentication]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: dns },
        { type: 'ip', value: ip },
      ]),
    ],
  })
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', serverKeys.privateKey), 'PRIVATE KEY')
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.certificate, certificate.toString('pem'))
  writeFileSync(files.ca, ca.toString('pem'))
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}
