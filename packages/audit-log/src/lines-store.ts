import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { AuditLogError } from './audit-errors.ts'
import { type AuditReader, type AuditStore, mustFollow, type Page } from './audit-store.ts'
import { inTurn } from './in-turn.ts'
import { type LogFile, type OpenFile, openLogFile, readFully, writeFully } from './log-file.ts'
import { createHeadKeeper, type LogHead, readHead, writeHead } from './log-head.ts'
import { endOfLastLine, linesBackward, linesForward, type StoredLine } from './log-lines.ts'
import { firstPrevious, headOfLine } from './record-line.ts'
import { lockForWriting } from './writer-lock.ts'

const pageRecords = 1000

/**
 * Opens a log that is a file of JSON lines, for writing; `<path>.head` and `<path>.lock` are kept beside it.
 *
 * @throws {AuditLogError} Another writer has the log, or its newest record was changed.
 */
export async function openLinesStore(path: string, openFile: OpenFile = openLogFile): Promise<AuditStore> {
  const opened: LogFile[] = []
  const openToWrite = async (name: string) => {
    const file = await openFile(name)
    opened.push(file)
    return file
  }
  const closeAll = () => Promise.all(opened.map((file) => file.close()))
  const file = await openToWrite(path)
  let unlock = () => {}
  try {
    unlock = lockForWriting(path)
    const headFile = await openToWrite(`${path}.head`)
    return await createStore(path, file, headFile, async () => {
      await closeAll()
      unlock()
    })
  } catch (cause) {
    await closeAll()
    unlock()
    throw cause
  }
}

/** Opens a file of JSON lines for reading; nothing is made or changed. */
export async function openLinesReader(path: string): Promise<AuditReader> {
  const file = await open(path, 'r')
  const headFile = existsSync(`${path}.head`) ? await open(`${path}.head`, 'r') : undefined
  return {
    ...readsOf(file, async () => (await file.stat()).size),
    rememberedHead: () => (headFile === undefined ? Promise.resolve(undefined) : readHead(headFile)),
    close: async () => {
      await Promise.all([file.close(), headFile?.close()])
    },
  }
}

async function createStore(
  path: string,
  file: LogFile,
  headFile: LogFile,
  close: () => Promise<void>,
): Promise<AuditStore> {
  const { size } = await file.stat()
  let end = await endOfLastLine(file, size)
  if (end < size) await cutTo(file, end)
  let head = await newestRecord(path, file, end)
  const remembered = await readHead(headFile)
  if (remembered === undefined || remembered.sequence <= head.sequence) await writeHead(headFile, head)
  const keeper = createHeadKeeper(headFile)
  /** After a failed write the file may hold more than `end`; nothing is written until that is cut off again. */
  let damaged = false
  const oneByOne = inTurn()

  async function append(bytes: Buffer, newHead: LogHead): Promise<void> {
    if (damaged) await cutTo(file, end)
    damaged = true
    await writeFully(file, bytes, end)
    await file.datasync()
    damaged = false
    end += bytes.length
    head = newHead
    keeper.keep(head)
  }

  return {
    ...readsOf(file, () => Promise.resolve(end)),
    rememberedHead: () => Promise.resolve(remembered),
    get head() {
      return head
    },
    groupsAtOnce: 1,
    tornBytes: size - end,
    append(lines, newHead) {
      const bytes = Buffer.from(`${lines.join('\n')}\n`)
      return oneByOne(async () => {
        mustFollow(head.sequence, lines.length, newHead)
        await append(bytes, newHead)
      })
    },
    async close() {
      await keeper.close()
      await close()
    },
  }
}

async function cutTo(file: LogFile, end: number): Promise<void> {
  await file.truncate(end)
  await file.datasync()
}

async function newestRecord(path: string, file: LogFile, end: number): Promise<LogHead> {
  for await (const { bytes } of linesBackward(file, end)) {
    const head = headOfLine(bytes)
    if (head === undefined) throw new AuditLogError(`the newest record of ${path} was changed; run the verifier`)
    return head
  }
  return { sequence: 0, hash: firstPrevious }
}

function readsOf(file: LogFile, sizeNow: () => Promise<number>): Pick<AuditReader, 'forward' | 'backward'> {
  return {
    async *forward(afterSequence) {
      const size = await sizeNow()
      const end = await endOfLastLine(file, size)
      const start = afterSequence === 0 ? 0 : await offsetAfter(file, end, afterSequence)
      yield* pagesOf(linesForward(file, start, end))
      if (end < size) yield 'unfinished'
    },
    async *backward() {
      yield* pagesOf(linesBackward(file, await endOfLastLine(file, await sizeNow())))
    },
  }
}

async function* pagesOf(lines: AsyncIterable<StoredLine>): AsyncGenerator<Page> {
  let page: Buffer[] = []
  for await (const { bytes } of lines) {
    if (page.push(bytes) < pageRecords) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

const sequenceMember = /"sequence":(\d+)/
const probeBytes = 1 << 16

/** Where the first record after `sequence` begins, by halving; the end when there is none. */
async function offsetAfter(file: LogFile, end: number, sequence: number): Promise<number> {
  let low = 0
  let high = end
  while (high - low > probeBytes) {
    const middle = low + Math.floor((high - low) / 2)
    const line = await firstLineFrom(file, middle, high)
    if (line === undefined || line.sequence > sequence) high = middle
    else low = line.offset
  }
  for await (const { offset, bytes } of linesForward(file, low, end)) {
    if (sequenceOf(bytes) > sequence) return offset
  }
  return end
}

/** The first line that begins after `position`. */
async function firstLineFrom(file: LogFile, position: number, end: number) {
  const bytes = await readFully(file, position, Math.min(probeBytes, end - position))
  const feed = bytes.indexOf(10)
  if (feed === -1) return undefined
  for await (const line of linesForward(file, position + feed + 1, end)) {
    return { offset: line.offset, sequence: sequenceOf(line.bytes) }
  }
  return undefined
}

function sequenceOf(bytes: Buffer): number {
  return Number(sequenceMember.exec(bytes.toString('latin1', 0, 120))?.[1] ?? Number.NaN)
}
