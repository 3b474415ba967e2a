import { readFileSync } from 'node:fs'

/** What `getconf CLK_TCK` says on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Resident memory of a process as the kernel tells it, in megabytes of 10^6 bytes. Linux only. */
export function residentMegabytesOf({ pid }: { readonly pid: number }): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round((Number(kilobytes) * 1024) / 1e6)
}

/** Processor time that a process has used, all threads, in seconds. Linux only. */
export function cpuSecondsOf({ pid }: { readonly pid: number }): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
