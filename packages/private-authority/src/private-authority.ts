// What tsyringe, below @peculiar/x509, wants to find.
import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** Where the authority's certificate is, for programs that have to trust it. PEM. */
export const authorityFile = 'authority.pem'
const authorityKeyFile = 'authority-key.pem'

/** A certificate chain and its key, in PEM. */
export interface ServerCertificate {
  certificate: string
  /** PKCS #8. */
  key: string
}

/** A certificate authority of one stack: nobody else trusts it, and nobody has to pay or ask for a certificate. */
export interface PrivateAuthority {
  /** In PEM. */
  certificate: string
  /**
   * Issues a certificate for a server (RFC 5280, RFC 6125), for {@link lifetimeDays} days from a minute ago.
   *
   * @param names DNS names and addresses, the first of which is also the common name.
   */
  issue(names: readonly string[]): Promise<ServerCertificate>
}

/** Long enough for a development stack, short enough that nobody gets used to it. */
const lifetimeDays = 365
const dayMs = 86_400_000
/** Whoever trusts an authority has to be told of the next one. */
const renewDaysBefore = 30
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/**
 * Opens the authority of a folder, and makes it when it is not there or ends soon. Its key stays in this folder, readable by its owner
 * only: whoever has it can be every server of the stack.
 *
 * Development only: no revocation, no intermediate, no constraint on names.
 *
 * @param folder Must exist.
 */
export async function openPrivateAuthority(folder: string): Promise<PrivateAuthority> {
  if (!isGood(folder)) await makeAuthority(folder)
  const certificate = readFileSync(join(folder, authorityFile), 'utf8')
  const key = readFileSync(join(folder, authorityKeyFile), 'utf8')
  const signingKey = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), algorithm, false, ['sign'])
  const issuer = new X509Certificate(certificate).subject
  return {
    certificate,
    async issue(names) {
      const keys = await makeKeys()
      const issued = await X509CertificateGenerator.create({
        ...lifetime(),
        subject: `CN=${names[0]}`,
        issuer,
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension(
            names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
          ),
        ],
      })
      return { certificate: `${issued.toString('pem')}\n`, key: await pemOf(keys.privateKey) }
    },
  }
}

function isGood(folder: string): boolean {
  const file = join(folder, authorityFile)
  if (![file, join(folder, authorityKeyFile)].every((path) => existsSync(path))) return false
  const { notAfter } = new X509Certificate(readFileSync(file, 'utf8'))
  return notAfter.getTime() - Date.now() > renewDaysBefore * dayMs
}

async function makeAuthority(folder: string): Promise<void> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...lifetime(),
    name: 'CN=mcp-identity-stack development authority',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  writeFileSync(join(folder, authorityKeyFile), await pemOf(keys.privateKey), { mode: 0o600 })
  writeFileSync(join(folder, authorityFile), `${certificate.toString('pem')}\n`, { mode: 0o600 })
}

function lifetime(): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + lifetimeDays * dayMs) }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
