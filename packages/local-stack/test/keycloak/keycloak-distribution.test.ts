import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type DistributionSource, httpsSource } from '../../src/keycloak/distribution-sources.ts'
import { type DistributionSettings, findDistribution } from '../../src/keycloak/keycloak-distribution.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const content = 'the whole distribution'
const sha256 = createHash('sha256').update(content).digest('hex')
const never = new AbortController().signal

describe('findDistribution from the cache', () => {
  test('downloads once', async () => {
    const source = countingSource(content)
    const settings = distributionSettings({ sources: [source] })
    const first = await find(settings)
    expect(first).toEqual({ kind: 'zip', path: join(settings.cacheFolder, 'keycloak-26.7.4.zip') })
    expect(await find(settings)).toEqual(first)
    expect(source.fetched).toBe(1)
  })

  test('never uses a download that was cut short, and asks the next source', async () => {
    const half = countingSource(content.slice(0, 10), 'half')
    const whole = countingSource(content, 'whole')
    const settings = distributionSettings({ sources: [half, whole] })
    expect(readFileSync((await find(settings)).path, 'utf8')).toBe(content)
    expect([half.fetched, whole.fetched]).toEqual([1, 1])
  })

  test('fetches a cached zip anew when it was damaged', async () => {
    const source = countingSource(content)
    const settings = distributionSettings({ sources: [source] })
    writeFileSync(join(settings.cacheFolder, 'keycloak-26.7.4.zip'), content.slice(1))
    const told: string[] = []
    const { path } = await findDistribution(settings, (detail) => told.push(detail), never)
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(told).toContain('the cached zip is damaged, fetching it anew')
  })

  test('leaves nothing behind of a download that failed', async () => {
    const settings = distributionSettings({ sources: [countingSource('something else')] })
    await expect(find(settings)).rejects.toThrow()
    expect(readdirSync(settings.cacheFolder)).toEqual([])
  })

  test('clears away what a killed download left', async () => {
    const settings = distributionSettings({ sources: [countingSource(content)] })
    mkdirSync(join(settings.cacheFolder, '.download-1-1'))
    writeFileSync(join(settings.cacheFolder, '.download-1-1', 'half.zip'), 'half')
    await find(settings)
    expect(readdirSync(settings.cacheFolder)).toEqual(['keycloak-26.7.4.zip'])
  })

  test('says what each source answered when none has it, and what to do', async () => {
    const settings = distributionSettings({
      sources: [
        failingSource('Maven Central', 'answered 404'),
        { ...countingSource('half', 'Maven'), adviceWhenDamaged: 'delete it there' },
      ],
    })
    const found = createHash('sha256').update('half').digest('hex')
    await expect(find(settings)).rejects.toMatchObject({
      message: [
        'Keycloak 26.7.4 could not be downloaded:',
        '  - Maven Central: answered 404',
        `  - Maven: the SHA-256 is ${found}, expected ${sha256}; delete it there`,
      ].join('\n'),
      nextStep: expect.stringContaining('KEYCLOAK_DIST'),
    })
  })

  test('stops when told, and leaves nothing behind', async () => {
    const stop = new AbortController()
    const settings = distributionSettings({
      sources: [
        {
          name: 'slow',
          fetch: async () => {
            stop.abort(new Error('enough'))
            throw new Error('cut')
          },
        },
      ],
    })
    await expect(findDistribution(settings, () => {}, stop.signal)).rejects.toThrow('enough')
    expect(readdirSync(settings.cacheFolder)).toEqual([])
  })
})

describe('findDistribution from what a person names', () => {
  test('takes a KEYCLOAK_DIST with the right checksum', async () => {
    const path = join(temporaryFolder(), 'keycloak.zip')
    writeFileSync(path, content)
    expect(await find(distributionSettings({ keycloakDist: path }))).toEqual({ kind: 'zip', path })
  })

  test('refuses a KEYCLOAK_DIST that was cut short', async () => {
    const path = join(temporaryFolder(), 'keycloak.zip')
    writeFileSync(path, content.slice(1))
    await expect(find(distributionSettings({ keycloakDist: path }))).rejects.toThrow(
      /KEYCLOAK_DIST must be the zip .* cut short/,
    )
  })

  test('refuses a KEYCLOAK_DIST that is not there', async () => {
    await expect(find(distributionSettings({ keycloakDist: '/nowhere.zip' }))).rejects.toThrow(
      'there is no file /nowhere.zip',
    )
  })

  test('takes a KEYCLOAK_HOME of the right version', async () => {
    const path = temporaryFolder()
    writeFileSync(join(path, 'version.txt'), 'Keycloak - Version 26.7.4\n')
    expect(await find(distributionSettings({ keycloakHome: path }))).toEqual({ kind: 'folder', path })
  })

  test('refuses a KEYCLOAK_HOME of another version', async () => {
    const path = temporaryFolder()
    writeFileSync(join(path, 'version.txt'), 'Keycloak - Version 25.0.6\n')
    await expect(find(distributionSettings({ keycloakHome: path }))).rejects.toThrow(
      `KEYCLOAK_HOME must be an unpacked Keycloak 26.7.4, found Keycloak 25.0.6 in ${path}`,
    )
  })

  test('refuses a KEYCLOAK_HOME that holds no Keycloak', async () => {
    await expect(find(distributionSettings({ keycloakHome: temporaryFolder() }))).rejects.toThrow('found no Keycloak')
  })
})

describe('httpsSource', () => {
  test('downloads into the folder and tells how far it is', async () => {
    const folder = temporaryFolder()
    const told: string[] = []
    const url = await serve((_, response) => response.setHeader('content-length', content.length).end(content))
    const path = await httpsSource('mirror', url).fetch({
      folder,
      detail: (detail) => told.push(detail),
      signal: never,
    })
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(told).toEqual(['downloading from mirror', 'downloading from mirror, 0 of 0 MiB'])
  })

  test('says which status came instead of the file', async () => {
    const url = await serve((_, response) => response.writeHead(404).end())
    await expect(httpsSource('mirror', url).fetch(order())).rejects.toThrow('answered 404')
  })

  test('fails when the connection breaks in the middle', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write(content, () => response.destroy())
    })
    await expect(httpsSource('mirror', url).fetch(order())).rejects.toThrow()
  })

  test('says why nobody could be reached', async () => {
    await expect(httpsSource('mirror', 'http://127.0.0.1:1/').fetch(order())).rejects.toThrow(/ECONNREFUSED|bad port/)
  })
})

function order() {
  return { folder: temporaryFolder(), detail: () => {}, signal: never }
}

function distributionSettings(change: Partial<DistributionSettings>): DistributionSettings {
  return {
    cacheFolder: temporaryFolder(),
    keycloakHome: undefined,
    keycloakDist: undefined,
    sha256,
    sources: [],
    ...change,
  }
}

const find = (settings: DistributionSettings) => findDistribution(settings, () => {}, never)

function countingSource(body: string, name = 'mirror'): DistributionSource & { fetched: number } {
  return {
    name,
    fetched: 0,
    async fetch({ folder }) {
      this.fetched += 1
      const path = join(folder, 'keycloak.zip')
      writeFileSync(path, body)
      expect(existsSync(folder)).toBe(true)
      return path
    },
  }
}

function failingSource(name: string, because: string): DistributionSource {
  return { name, fetch: () => Promise.reject(new Error(because)) }
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/keycloak.zip`
}
