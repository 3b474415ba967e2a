import { execFileSync } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const workspace = fileURLToPath(new URL('../../../..', import.meta.url))
const laidOut = ['packages', 'apps/mcp-server']
/** What `.dockerignore` leaves out of them. */
const leftOut = /\/(test|bench|dist|reports|\.turbo|\.stryker-tmp)$/

/**
 * Lays the server out as its image holds it, in JavaScript: what a replica takes is measured of what is deployed.
 *
 * @param folder Empty; links to what is installed in the workspace.
 * @returns The file to start.
 */
export function layOutImage(folder: string): string {
  const isWanted = (source: string): boolean => !leftOut.test(source)
  for (const part of laidOut)
    cpSync(join(workspace, part), join(folder, part), { recursive: true, verbatimSymlinks: true, filter: isWanted })
  symlinkSync(join(workspace, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, [join(workspace, 'infra/images/strip-types.mjs'), folder])
  return join(folder, 'apps/mcp-server/src/main.js')
}
