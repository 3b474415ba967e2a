import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { identifyProcess, isRunning } from '../../src/process/process-identity.ts'
import { endLeftovers, openRunRecord, readRunRecord } from '../../src/process/run-record.ts'
import { runKept, startKept, startNode } from '../../src/process/running-process.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const never = new AbortController().signal
const sleeps = ['-e', 'console.log("up"); setInterval(() => {}, 1000)']

describe('startKept', () => {
  test('runs the program with its environment, away from the list of arguments', async () => {
    const { plan, record, folder } = kept(['-e', 'fs.writeFileSync("seen", process.env.SECRET)'], { SECRET: 'hidden' })
    const running = await startKept(plan, record)
    expect(await running.exited).toBe(0)
    expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe('hidden')
  })

  test('stops the program and its keeper', async () => {
    const { plan, record, path } = kept(sleeps)
    const running = await startKept(plan, record)
    const started = readRunRecord(path)
    expect(started).toHaveLength(2)
    await running.stop()
    expect(started.filter(isRunning)).toEqual([])
    expect(await running.exited).toBe(143)
  })

  test('hands on the exit code of a program that ends by itself', async () => {
    const { plan, record } = kept(['-e', 'process.exit(3)'])
    expect(await (await startKept(plan, record)).exited).toBe(3)
  })

  test('says that there is no such program', async () => {
    const { plan, record } = kept([])
    await expect(startKept({ ...plan, command: '/nowhere/java' }, record)).rejects.toThrow(
      /could not be started: .*ENOENT/,
    )
  })

  test('leaves a program whose keeper was killed to the record', async () => {
    const { plan, record, path } = kept(sleeps)
    const running = await startKept(plan, record)
    process.kill(running.pid, 'SIGKILL')
    expect(await running.exited).toBe(137)
    const orphans = readRunRecord(path)
    expect(orphans).toHaveLength(1)
    await endLeftovers(path)
    expect(orphans.filter(isRunning)).toEqual([])
  })
})

describe('a keeper whose main process was killed', () => {
  test('ends its program, and removes the addresses of the stack', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'processes.json')
    const stackFile = join(folder, 'stack.json')
    writeFileSync(stackFile, '{}')
    const main = startNode(
      {
        name: 'main',
        args: [new URL('./fixtures/main-with-keeper.ts', import.meta.url).pathname, folder],
        environment: { PATH: process.env.PATH ?? '' },
        folder,
        logFile: join(folder, 'main.log'),
      },
      openRunRecord(join(folder, 'outer.json')),
    )
    await until(() => readRunRecord(path).length === 2)
    const started = readRunRecord(path)
    process.kill(main.pid, 'SIGKILL')
    await until(() => !started.some(isRunning))
    expect(existsSync(stackFile)).toBe(false)
  })
})

describe('runKept', () => {
  test('carries the last log lines of a program that fails', async () => {
    const { plan, record } = kept(['-e', 'console.error("no space left"); process.exit(1)'])
    await expect(runKept(plan, record, never)).rejects.toMatchObject({
      message: 'Keycloak ended with exit code 1',
      lastLogLines: ['no space left'],
    })
  })

  test('stops the program when told', async () => {
    const { plan, record, path } = kept(sleeps)
    const stop = new AbortController()
    const run = runKept(plan, record, stop.signal)
    await until(() => readRunRecord(path).length === 2)
    const started = readRunRecord(path)
    stop.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    expect(started.filter(isRunning)).toEqual([])
  })
})

describe('startNode', () => {
  test('keeps what it made of a source, and makes it anew when the source has changed', async () => {
    const folder = temporaryFolder()
    const cache = join(folder, 'compiled')
    const environment = { NODE_COMPILE_CACHE: cache }
    const logFile = join(folder, 'app.log')
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const said = async (text: string): Promise<string> => {
      writeFileSync(join(folder, 'main.ts'), `const text: string = '${text}'\nconsole.log(text)\n`)
      const plan = { name: 'app', args: ['main.ts'], environment, folder, logFile }
      await startNode(plan, openRunRecord(join(folder, 'processes.json'))).exited
      return readFileSync(logFile, 'utf8').trim()
    }
    const kept = () => readdirSync(cache).filter((name) => name.startsWith('sources'))
    expect(await said('first')).toBe('first')
    const [sources = ''] = kept()
    const [file = ''] = readdirSync(join(cache, sources)).map((name) => join(cache, sources, name))
    writeFileSync(file, readFileSync(file, 'utf8').replace("'first'", "'kept'"))
    expect(await said('first')).toBe('kept')
    expect(await said('second')).toBe('second')
  })

  test('kills a program that does not end when asked', async () => {
    const folder = temporaryFolder()
    const logFile = join(folder, 'app.log')
    const running = startNode(
      {
        name: 'MCP server',
        args: ['-e', 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)'],
        environment: {},
        folder,
        logFile,
      },
      openRunRecord(join(folder, 'processes.json')),
    )
    await until(() => readFileSync(logFile, 'utf8').includes('deaf'))
    await running.stop(100)
    expect(await running.exited).toBe(137)
    expect(identifyProcess(running.pid)).toBeUndefined()
  })
})

function kept(args: string[], environment: Record<string, string> = {}) {
  const folder = temporaryFolder()
  const path = join(folder, 'processes.json')
  const plan = {
    name: 'Keycloak',
    command: process.execPath,
    args,
    environment,
    folder,
    logFile: join(folder, 'keycloak.log'),
  }
  return { plan, folder, path, record: openRunRecord(path) }
}

/** Polls, since a process of its own cannot tell this one when it has ended. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(10)
}
