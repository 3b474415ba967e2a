import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, inject, vi } from 'vitest'

const run = promisify(execFile)

const nameOf = (service: string): string => inject('containers')?.[service] ?? service

/** Ends a container without a word to it. */
export async function kill(service: string): Promise<void> {
  await run('docker', ['kill', nameOf(service)])
}

/** Asks a container to stop, as an update does, and waits until it has. */
export async function stop(service: string): Promise<void> {
  await run('docker', ['stop', '--time', '30', nameOf(service)])
}

/** Starts a container again, unless it runs, and waits until it says that it is healthy. */
export async function start(service: string): Promise<void> {
  await run('docker', ['start', nameOf(service)])
  await eventually(async () => {
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Health.Status}}', nameOf(service)])
    return stdout.trim() === 'healthy'
  })
}

/** Asks until the answer is yes. */
export async function eventually(ask: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await ask()).toBe(true), { timeout: 180_000, interval: 50 })
}
