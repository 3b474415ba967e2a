import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a whole file so that a crash leaves either the old or the new one: a new file, fsync, rename, fsync of the folder. */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * Writes many files as {@link writeDurably} does, with one fsync for each folder. Holds its thread up until they are on
 * the disk: for threads that have nothing else to do, where it costs a fraction.
 */
export function writeAllDurably(files: ReadonlyMap<string, Uint8Array>): void {
  const folders = new Set([...files.keys()].map((path) => dirname(path)))
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  for (const [path, content] of files) {
    const temporary = `${path}.new`
    syncing(openSync(temporary, 'w', 0o644), (file) => writeFileSync(file, content))
    renameSync(temporary, path)
  }
  for (const folder of folders) syncing(openSync(folder, 'r'))
}

function syncing(file: number, write: (file: number) => void = () => {}): void {
  try {
    write(file)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
