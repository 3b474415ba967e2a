import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Every Node that is installed here: the workspace's, and mostly an older one of the machine. */
export function installedNodes(): readonly string[] {
  const found = (process.env.PATH ?? '').split(delimiter).map((each) => join(each, 'node'))
  return [...new Set([process.execPath, ...found.filter((path) => existsSync(path))])]
}
