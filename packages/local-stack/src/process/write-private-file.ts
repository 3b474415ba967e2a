import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file that only its owner can read (0600), whole or not at all. */
export function writePrivateFile(path: string, content: string): void {
  const draft = `${path}.${process.pid}.draft`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, path)
}
