import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { exitCodeOfStopped } from '../../src/cli/stop-signals.ts'

const thrownBy = (work: () => Promise<unknown>) => work().catch((error: unknown) => error)

test.each([
  ['SIGINT', 130],
  ['SIGHUP', 129],
  ['SIGTERM', 143],
])('work that %s ended ends with %i, however it noticed', async (name, exitCode) => {
  // Aborted from the beginning: the wait fails at once.
  const signal = AbortSignal.abort(name)
  const waited = await thrownBy(() => sleep(1_000, undefined, { signal }))
  const looked = await thrownBy(async () => signal.throwIfAborted())
  expect([waited, looked].map(exitCodeOfStopped)).toEqual([exitCode, exitCode])
})

test.each([[new Error('the disk is full')], [AbortSignal.timeout(0).reason], ['SIGSEGV'], [undefined]])(
  'what failed by itself was not stopped: %s',
  (error) => expect(exitCodeOfStopped(error)).toBeUndefined(),
)
