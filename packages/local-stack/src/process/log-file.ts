import { closeSync, fstatSync, openSync, readSync, renameSync } from 'node:fs'

/**
 * Opens a fresh log for a process that is about to start; the log of the run before is kept beside it.
 *
 * @param path Ends in `.log`; the earlier one becomes `….previous.log`.
 * @returns A file descriptor to hand to the process and then close.
 */
export function openFreshLog(path: string): number {
  try {
    renameSync(path, path.replace(/\.log$/, '.previous.log'))
  } catch {
    // The first run has no earlier log.
  }
  return openSync(path, 'a', 0o600)
}

const tailBytes = 16_384

/** The last lines of a log, at most `count`, each cut to 300 characters; none when there is no such file. */
export function lastLines(path: string, count = 15): string[] {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return []
  }
  try {
    const { size } = fstatSync(descriptor)
    const tail = Buffer.alloc(Math.min(size, tailBytes))
    readSync(descriptor, tail, 0, tail.length, size - tail.length)
    const lines = tail
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
    return lines.slice(-count).map((line) => line.slice(0, 300))
  } finally {
    closeSync(descriptor)
  }
}
