import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSecrets } from '../src/secrets.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('openSecrets', () => {
  test('makes every secret once', async () => {
    const folder = temporaryFolder()
    expect(await openSecrets(folder)).toEqual(await openSecrets(folder))
  })

  test('makes other secrets for every checkout, each 256 bits long', async () => {
    const [one, other] = [await openSecrets(temporaryFolder()), await openSecrets(temporaryFolder())]
    const values = [one, other].flatMap((secrets) => [
      secrets.keycloakAdmin.value,
      secrets.brokerClient.value,
      secrets.provisionerClient.value,
      secrets.resourceServer.value,
      secrets.directoryAdmin.value,
    ])
    expect(new Set(values).size).toBe(10)
    for (const value of values) expect(Buffer.from(value, 'base64url')).toHaveLength(32)
  })

  test('lets nobody else read them', async () => {
    const folder = temporaryFolder()
    await openSecrets(folder)
    expect(readdirSync(folder)).toHaveLength(10)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  })

  test('gives out only the public part of the service key', async () => {
    const { publicJwk } = (await openSecrets(temporaryFolder())).serviceKey
    expect(publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: expect.any(String) })
    expect(publicJwk).not.toHaveProperty('d')
  })

  test('changes the fingerprint when a secret of the realm is new', async () => {
    const folder = temporaryFolder()
    const { fingerprint, brokerClient } = await openSecrets(folder)
    rmSync(brokerClient.file)
    expect((await openSecrets(folder)).fingerprint).not.toBe(fingerprint)
  })
})
