import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Policy texts by name; the name is the file's, without `.cedar`. */
export interface PolicyFiles {
  texts: ReadonlyMap<string, string>
  /** First 16 hex digits of the SHA-256 over all files, hours and holidays included: it changes whenever one does. */
  version: string
}

const policyName = /^[a-z0-9]+(-[a-z0-9]+)*$/

/**
 * Reads every `*.cedar` file of a folder, in the order of their names.
 *
 * @throws {TypeError} There is none, or a name is not lower-case words joined by hyphens.
 */
export function readPolicyFiles(directory: string): PolicyFiles {
  const texts = new Map<string, string>()
  const hash = createHash('sha256')
  const files = readdirSync(directory).filter((file) => file.endsWith('.cedar'))
  for (const file of files.sort()) {
    const name = file.slice(0, -'.cedar'.length)
    if (!policyName.test(name)) throw new TypeError(`${file}: name policies like customer-readers-read.cedar`)
    const text = readFileSync(join(directory, file), 'utf8')
    texts.set(name, text)
    hash.update(`${name}\0${text}\0`)
  }
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.json')) hash.update(`${file}\0${readFileSync(join(directory, file), 'utf8')}\0`)
  }
  if (texts.size === 0) throw new TypeError(`no policy (*.cedar) in ${directory}`)
  return { texts, version: hash.digest('hex').slice(0, 16) }
}
