import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type BuildContext, prepareKeycloak } from '../../src/keycloak/keycloak-build.ts'
import { openRunRecord } from '../../src/process/run-record.ts'
import type { ProgressEvent } from '../../src/progress/progress.ts'
import { readSettings } from '../../src/settings.ts'
import { temporaryFolder } from '../temporary-folder.ts'

describe('prepareKeycloak', () => {
  test('builds once, in the cache, and leaves the distribution as it was', async () => {
    const { context, builds } = buildContext()
    const home = await prepareKeycloak(context)
    expect(await prepareKeycloak(context)).toBe(home)
    expect(builds()).toBe(1)
    expect(dirname(home)).toBe(context.settings.cacheFolder)
    expect(readFileSync(join(home, 'lib', 'quarkus-run.jar'), 'utf8')).toBe('program')
    expect(existsSync(join(home, 'built'))).toBe(true)
    expect(readdirSync(context.settings.keycloakHome ?? '').sort()).toEqual(['data', 'lib', 'version.txt'])
    expect(existsSync(join(home, 'data'))).toBe(false)
  })

  test('builds once when two start at the same time; the second waits and says so', async () => {
    const { context, builds, notices } = buildContext()
    const [one, other] = await Promise.all([prepareKeycloak(context), prepareKeycloak(context)])
    expect(one).toBe(other)
    expect(builds()).toBe(1)
    expect(notices()).toEqual([`Another start (process ${process.pid}) prepares Keycloak; waiting for it.`])
  })

  test('never uses a build that failed, and tells its last log lines', async () => {
    const { context, useJava } = buildContext('echo "no space left"; exit 1')
    await expect(prepareKeycloak(context)).rejects.toMatchObject({
      message: 'Keycloak build ended with exit code 1',
      lastLogLines: ['no space left'],
    })
    expect(readdirSync(context.settings.cacheFolder)).toEqual([])
    useJava(stubBuild)
    expect(existsSync(join(await prepareKeycloak(context), 'built'))).toBe(true)
  })

  test('clears away what a killed build left', async () => {
    const { context } = buildContext()
    mkdirSync(join(context.settings.cacheFolder, '.building-1', 'lib'), { recursive: true })
    const home = await prepareKeycloak(context)
    expect(readdirSync(context.settings.cacheFolder).map((name) => join(context.settings.cacheFolder, name))).toEqual([
      home,
    ])
  })
})

/** Finds the home in its arguments and leaves a trace there, as `kc.sh build` does. */
const stubBuild = [
  'for argument; do case "$argument" in -Dkc.home.dir=*) home=$(echo "$argument" | cut -d= -f2);; esac; done',
  'echo built >> "$home/built"; echo built >> "$BUILDS"',
].join('\n')

function buildContext(program = stubBuild) {
  const folder = temporaryFolder()
  const keycloakHome = join(folder, 'keycloak')
  mkdirSync(join(keycloakHome, 'lib'), { recursive: true })
  mkdirSync(join(keycloakHome, 'data'))
  writeFileSync(join(keycloakHome, 'version.txt'), 'Keycloak - Version 26.7.4\n')
  writeFileSync(join(keycloakHome, 'lib', 'quarkus-run.jar'), 'program')
  const trace = join(folder, 'builds')
  const java = join(folder, 'java')
  const useJava = (lines: string): void => {
    writeFileSync(java, `#!/bin/sh\n${lines}\n`)
    chmodSync(java, 0o700)
  }
  useJava(program)
  const events: ProgressEvent[] = []
  const environment = { PATH: process.env.PATH ?? '', BUILDS: trace }
  const cacheFolder = join(folder, 'cache')
  const context: BuildContext = {
    settings: { ...readSettings(environment), environment, cacheFolder, keycloakHome },
    java: { command: java, release: 17 },
    logFile: join(folder, 'build.log'),
    record: openRunRecord(join(folder, 'processes.json')),
    tell: (event) => void events.push(event),
    signal: new AbortController().signal,
  }
  return {
    context,
    useJava,
    builds: () => readFileSync(trace, 'utf8').trim().split('\n').length,
    notices: () => events.flatMap((event) => (event.kind === 'notice' ? [event.text] : [])),
  }
}
