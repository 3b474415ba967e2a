import { readFileSync } from 'node:fs'

/**
 * The clock of policies: the real time, or in development the instant that a file holds.
 *
 * The file is read at each question, so writing to it moves the clock at once; empty or missing it means the real time.
 * Only policies see this clock: tokens, signals and the audit log go by the real one.
 *
 * @param file Holds an ISO 8601 instant with offset.
 * @throws {TypeError} By the returned clock: the file holds something else.
 */
export function createPolicyClock(file: string | undefined): () => number {
  const now = (): number => Date.now() / 1000
  if (file === undefined) return now
  return () => {
    const text = readIfThere(file).trim()
    if (text === '') return now()
    const instant = Date.parse(text)
    if (!/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) || Number.isNaN(instant)) {
      throw new TypeError(`${file} must hold an ISO 8601 instant with offset, or nothing`)
    }
    return instant / 1000
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
}
