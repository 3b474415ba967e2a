import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** One process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  pid: number
  /** When the process started, in the words of the operating system; compared, never read. */
  startedAt: string
}

/**
 * Identifies a running process.
 *
 * Linux: boot and start tick from `/proc`. Elsewhere: `ps`, to the second.
 *
 * @returns `undefined` when no such process runs; one that has ended but was not yet collected does not run.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt
}

const endedStates = ['Z', 'X']

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces and parentheses itself; state and start tick are fields 3 and 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (endedStates.includes(fields[0] ?? '')) return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch {
    return undefined
  }
}

/** The portable way, for systems without `/proc`. Exported for its test only. */
export function startByPs(pid: number): string | undefined {
  try {
    const columns = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [state = '', ...start] = columns.trim().split(/\s+/)
    return state === '' || endedStates.some((ended) => state.startsWith(ended)) ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}
