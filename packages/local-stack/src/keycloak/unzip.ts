import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'

/**
 * Unpacks a zip whose checksum was checked, without its one top folder.
 *
 * Names that point outside of the folder are refused. File modes are not restored.
 *
 * @throws The archive is damaged or names a file outside of the folder.
 */
export async function unzipWithoutTopFolder(zip: string, folder: string, signal: AbortSignal): Promise<void> {
  const archive = await yauzl.openPromise(zip, { lazyEntries: true })
  try {
    for await (const entry of archive.eachEntry()) {
      signal.throwIfAborted()
      const name = entry.fileName.slice(entry.fileName.indexOf('/') + 1)
      if (name === '' || name.endsWith('/')) continue
      const target = join(folder, name)
      mkdirSync(dirname(target), { recursive: true })
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(target))
    }
  } finally {
    archive.close()
  }
}
