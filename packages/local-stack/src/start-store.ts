import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Ports, storePortOf } from './ports.ts'
import type { RunRecord } from './process/run-record.ts'
import { processEnded, type RunningProcess, startKept } from './process/running-process.ts'
import { type TellProgress, trackPart } from './progress/progress.ts'
import { StackError } from './stack-error.ts'
import type { StackFolder } from './stack-folder.ts'

export interface StoreContext {
  settings: { environment: Record<string, string> }
  folder: StackFolder
  ports: Ports
  record: RunRecord
  tell: TellProgress
  signal: AbortSignal
  /** Told as soon as the process exists, so that it can be stopped whatever comes next. */
  onStarted(running: RunningProcess): void
}

const pollMs = 50

/**
 * Starts the Redis that joins the replicas of this stack: on loopback, in memory only, without a password.
 *
 * @returns Its address.
 * @throws {StackError} `redis-server` is not there, or ended.
 */
export function startStore(context: StoreContext): Promise<string> {
  const { settings, folder, ports, record, signal } = context
  const port = storePortOf(ports)
  return trackPart(context, 'Redis', async (detail) => {
    detail(`redis://localhost:${port}`)
    const running = await startKept(
      {
        name: 'Redis',
        command: 'redis-server',
        args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        environment: settings.environment,
        folder: folder.data,
        logFile: join(folder.logs, 'redis.log'),
      },
      record,
    ).catch((cause: unknown) => {
      throw new StackError('redis-server, which joins the replicas, could not be started', {
        cause,
        nextStep: 'Install it, such as by apt install redis-server, or leave --replicas out.',
      })
    })
    context.onStarted(running)
    const ended = running.exited.then((code) => code)
    for (;;) {
      const answer = await Promise.race([ended, answers(port)])
      signal.throwIfAborted()
      if (typeof answer === 'number') throw processEnded(running, answer)
      if (answer) return `redis://127.0.0.1:${port}`
      await delay(pollMs, undefined, { signal })
    }
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 }, () => socket.write('PING\r\n'))
    const settle = (isThere: boolean): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('data', (text) => settle(text.toString().startsWith('+PONG')))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}
