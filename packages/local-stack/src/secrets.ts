import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { writePrivateFile } from './process/write-private-file.ts'

/** One secret: its value, and the file that holds it for the parts that read it from there. */
interface Secret {
  value: string
  file: string
}

/** The secrets of one checkout. Made once, at random; the files are 0600. */
export interface Secrets {
  /** Password of Keycloak's administrator `admin`. */
  keycloakAdmin: Secret
  brokerClient: Secret
  provisionerClient: Secret
  resourceServer: Secret
  /** Of the account that reads Active Directory, for Keycloak and the watcher. */
  directoryReader: Secret
  /** Of the client `enterprise-assistant`, at the corporate IdP and in the preview realm. */
  enterpriseClient: Secret
  /** Of the MCP server as a receiver of signals, at the corporate IdP. */
  signalReceiver: Secret
  /** Value of the `Authorization` header of what the corporate IdP pushes to the MCP server. */
  signalPush: Secret
  /** Development bearer of the corporate IdP's admin API. */
  directoryAdmin: Secret
  /** ES256 key of the service client `nightly-report`, for `private_key_jwt`. */
  serviceKey: { file: string; publicJwk: JWK }
  /** Changes when one of the secrets that the realm holds changes. Tells nothing of them. */
  fingerprint: string
}

/**
 * Reads the secrets of a checkout and makes those that are missing.
 *
 * @param folder Must exist.
 */
export async function openSecrets(folder: string): Promise<Secrets> {
  const secret = (name: string): Secret => openSecret(join(folder, name))
  const keycloakAdmin = secret('keycloak-admin-password')
  const brokerClient = secret('keycloak-broker-client-secret')
  const provisionerClient = secret('corporate-idp-provisioner-client-secret')
  const resourceServer = secret('resource-server-client-secret')
  const directoryReader = secret('directory-reader-password')
  const enterpriseClient = secret('enterprise-assistant-client-secret')
  const serviceKey = await openServiceKey(join(folder, 'nightly-report-key.json'))
  const inRealm = [
    keycloakAdmin,
    brokerClient,
    provisionerClient,
    resourceServer,
    directoryReader,
    enterpriseClient,
  ].map(({ value }) => value)
  return {
    keycloakAdmin,
    brokerClient,
    provisionerClient,
    resourceServer,
    directoryReader,
    enterpriseClient,
    signalReceiver: secret('signal-receiver-client-secret'),
    signalPush: openSecret(join(folder, 'signal-push-authorization'), (value) => `Bearer ${value}`),
    directoryAdmin: secret('directory-admin-secret'),
    serviceKey,
    fingerprint: createHash('sha256').update(JSON.stringify(inRealm)).digest('hex').slice(0, 16),
  }
}

/** Reads a secret, and makes it at random when it is not there. */
export function openSecret(file: string, form = (value: string) => value): Secret {
  if (!existsSync(file)) writePrivateFile(file, form(randomBytes(32).toString('base64url')))
  return { file, value: readFileSync(file, 'utf8').trim() }
}

/** A JWK, private members included. Its `kid` is the RFC 7638 thumbprint. */
async function openServiceKey(file: string): Promise<Secrets['serviceKey']> {
  if (!existsSync(file)) writePrivateFile(file, JSON.stringify(await makeServiceKey(), undefined, 2))
  const { d: _private, ...publicJwk }: JWK = JSON.parse(readFileSync(file, 'utf8'))
  return { file, publicJwk }
}

async function makeServiceKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }
}
