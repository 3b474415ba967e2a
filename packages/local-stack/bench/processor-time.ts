import { readFileSync } from 'node:fs'

/** `utime` and `stime` count ticks of a hundredth of a second (proc(5)); Linux says so on every machine. */
const tickMs = 10
/** Of the counters of /proc/stat: user, nice, system, irq, softirq, steal. */
const busyCounters = [1, 2, 3, 6, 7, 8]

/** Processor time that processes have spent so far, children not counted, in milliseconds. Needs Linux. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return sum + (Number(afterName[11]) + Number(afterName[12])) * tickMs
  }, 0)
}

/** What each of some processes spent in a time, and all others on this machine together, in milliseconds. */
export type ProcessorTime = Record<string, number>

/**
 * Begins to count what processes spend: by name, and as `others` what else ran on this machine, a store of signals included.
 *
 * @returns A function that tells what was spent since; undefined where there is no /proc.
 */
export function countProcessorTime(
  processes: readonly { name: string; pid: number }[],
): () => ProcessorTime | undefined {
  if (process.platform !== 'linux') return () => undefined
  const atStart = look()
  function look(): Map<string, number> {
    const spent = new Map<string, number>()
    for (const { name, pid } of processes) spent.set(name, (spent.get(name) ?? 0) + cpuMsOf([pid]))
    const own = [...spent.values()].reduce((sum, ms) => sum + ms, 0)
    return spent.set('others', machineCpuMs() - own)
  }
  return () => Object.fromEntries([...look()].map(([name, ms]) => [name, ms - (atStart.get(name) ?? 0)]))
}

function machineCpuMs(): number {
  const counters = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/) ?? []
  return busyCounters.reduce((sum, index) => sum + Number(counters[index]) * tickMs, 0)
}
