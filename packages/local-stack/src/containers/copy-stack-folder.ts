import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import Database from 'better-sqlite3'

/** What servers keep by themselves: PostgreSQL is dumped, Redis is told again by the replicas, a lock is nobody's. */
const left = /^data\/(postgres|redis)(\/|$)|(\.lock|-wal|-shm|-journal|\.draft)$/
const sqliteStart = 'SQLite format 3\0'
/** A checkpoint is signed every second at most, so a second look nearly always finds the same one. */
const mostLooks = 50

/**
 * Copies the folder of a stack in containers while its parts write to it, each file with its owner and mode. What came
 * of it could have been there at one moment:
 *
 * * the tiles of an audit log belong to its checkpoint, and are copied before its records, so no checkpoint states more
 *   than is there;
 * * a SQLite database is copied as one transaction sees it, an audit log before the keys of its personal data.
 *
 * @param to A folder that is empty or absent.
 * @throws {Error} A file cannot be read, or a log is signed faster than its tiles can be copied.
 */
export function copyStackFolder(from: string, to: string): void {
  const files = filesIn(from)
  const tileFolders = files.filter((file) => basename(file) === 'checkpoint').map(dirname)
  const isTile = (file: string): boolean => tileFolders.some((folder) => file.startsWith(`${folder}/`))
  const databases = files.filter(isDatabase).toSorted(auditLogsFirst)
  const others = files.filter((file) => !isTile(file) && !databases.includes(file))

  for (const folder of tileFolders) copyTiles(folder)
  for (const file of others) copy(file)
  for (const file of databases) copy(file, copyDatabase)

  function filesIn(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (left.test(relative(from, path))) return []
      return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : []
    })
  }

  function placeOf(file: string): string {
    return join(to, relative(from, file))
  }

  function copy(file: string, write: (from: string, to: string) => void = copyFileSync): void {
    makeFolder(dirname(file))
    write(file, placeOf(file))
    likeIts(file, placeOf(file))
  }

  function makeFolder(folder: string): void {
    if (existsSync(placeOf(folder))) return
    if (folder !== from) makeFolder(dirname(folder))
    mkdirSync(placeOf(folder), { recursive: true })
    likeIts(folder, placeOf(folder))
  }

  /** What a checkpoint needs is removed only after the next one is signed: the same one before and after, and all is there. */
  function copyTiles(folder: string): void {
    const checkpoint = join(folder, 'checkpoint')
    for (let look = 0; look < mostLooks; look += 1) {
      const before = readFileSync(checkpoint, 'utf8')
      for (const file of filesIn(folder)) if (isUnfinished(file) || !existsSync(placeOf(file))) copyUnlessGone(file)
      copy(checkpoint)
      if (readFileSync(placeOf(checkpoint), 'utf8') === before) return
    }
    throw new Error(`${folder} changed ${mostLooks} times while it was copied; try again when there is less to do`)
  }

  /** An unfinished tile goes when the next one has replaced it. */
  function copyUnlessGone(file: string): void {
    try {
      copy(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

function isUnfinished(tile: string): boolean {
  return tile.includes('.p/')
}

function auditLogsFirst(one: string, other: string): number {
  return Number(basename(other) === 'audit.db') - Number(basename(one) === 'audit.db')
}

function isDatabase(file: string): boolean {
  const bytes = Buffer.alloc(sqliteStart.length)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, bytes, 0, bytes.length, 0)
  closeSync(descriptor)
  return bytes.toString('latin1') === sqliteStart
}

function copyDatabase(from: string, to: string): void {
  const database = new Database(from, { readonly: true, timeout: 10_000 })
  try {
    database.prepare('VACUUM INTO ?').run(to)
  } finally {
    database.close()
  }
}

function likeIts(from: string, to: string): void {
  const { uid, gid, mode } = lstatSync(from)
  chownSync(to, uid, gid)
  chmodSync(to, mode & 0o7777)
}
