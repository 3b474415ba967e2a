import { setTimeout as wait } from 'node:timers/promises'
import { type LogFile, readFully, writeFully } from './log-file.ts'

/** The newest record that was made durable, kept beside the log so that a cut tail is noticed. */
export interface LogHead {
  sequence: number
  hash: string
}

const headBytes = 16 + 1 + 43 + 1

/** Writes a head into its file. */
export async function writeHead(file: LogFile, head: LogHead): Promise<void> {
  await writeFully(file, Buffer.from(`${String(head.sequence).padStart(16, '0')} ${head.hash}\n`), 0)
}

/** A head costs as much as a group of records: the newest is written so often. */
const keepEveryMs = 5

/** Keeps the head file up with the log without making anyone wait: only the newest head is written. */
export function createHeadKeeper(file: LogFile) {
  let next: LogHead | undefined
  let writing: Promise<void> | undefined
  let isClosing = false

  async function writeAll(): Promise<void> {
    for (let head = next; head !== undefined; head = next) {
      next = undefined
      // A head that cannot be written is an older one than it could be; the next record brings a newer one.
      await writeHead(file, head).catch(() => {})
      if (!isClosing) await wait(keepEveryMs)
    }
    writing = undefined
  }

  return {
    keep(head: LogHead): void {
      next = head
      writing ??= writeAll()
    },
    /** Resolves when the newest head is written. */
    close: (): Promise<void> => {
      isClosing = true
      return writing ?? Promise.resolve()
    },
  }
}

/** The head, or undefined when none was written. A malformed one counts as a head that no log can have. */
export async function readHead(file: LogFile): Promise<LogHead | undefined> {
  const bytes = await readFully(file, 0, headBytes + 1)
  if (bytes.length === 0) return undefined
  const match = /^(\d{16}) ([\w-]{43})\n$/.exec(bytes.toString('latin1'))
  return { sequence: Number(match?.[1] ?? Number.MAX_SAFE_INTEGER), hash: match?.[2] ?? '' }
}
