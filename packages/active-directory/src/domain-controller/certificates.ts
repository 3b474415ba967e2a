import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authorityFile, openPrivateAuthority } from '@mcp-identity/private-authority'

/** Files of a domain controller's certificate and of the CA that made it. */
export interface CertificateFiles {
  ca: string
  certificate: string
  /** 0600, as Samba demands. */
  key: string
}

const renewBeforeMs = 7 * 24 * 3600_000

/** Makes a certificate for a name and an address, once: that of an earlier run is kept while it is good. */
export async function openCertificates(folder: string, names: { dns: string; ip: string }): Promise<CertificateFiles> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const authority = await openPrivateAuthority(folder)
  const files = {
    ca: join(folder, authorityFile),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server.key'),
  }
  if (isGood(files, names.ip)) return files
  const { certificate, key } = await authority.issue([names.dns, names.ip])
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.certificate, certificate)
  return files
}

function isGood({ certificate, ca, key }: CertificateFiles, ip: string): boolean {
  if (![certificate, key].every((file) => existsSync(file))) return false
  const known = new X509Certificate(readFileSync(certificate))
  const isOfAuthority = known.verify(new X509Certificate(readFileSync(ca)).publicKey)
  return isOfAuthority && known.checkIP(ip) === ip && Date.parse(known.validTo) - Date.now() > renewBeforeMs
}
