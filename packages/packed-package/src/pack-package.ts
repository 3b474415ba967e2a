import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Runs a program and answers what it wrote. @throws {Error} It ended with another exit code than 0. */
export function run(program: string, args: readonly string[], folder: string): string {
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/**
 * Packs a package of this workspace into a folder, by pnpm: it alone writes publishConfig into the archive. The package
 * builds itself before (`prepack`).
 */
export function packInto(folder: string, packageFolder: string): void {
  const [packer = '', ...args] = packCommand()
  run(packer, [...args, 'pack', '--pack-destination', folder], packageFolder)
}

/** The archive of a package in a folder. @throws {Error} There is none. */
export function archiveIn(folder: string, name: string): string {
  const file = readdirSync(folder).find((each) => each.includes(name) && each.endsWith('.tgz'))
  if (file === undefined) throw new Error(`there is no archive of ${name}`)
  return join(folder, file)
}

function packCommand(): readonly string[] {
  const packer = process.env.npm_execpath ?? ''
  if (!/pnpm/.test(packer)) return ['npx', '-y', 'pnpm@12']
  return /\.[cm]?js$/.test(packer) ? [process.execPath, packer] : [packer]
}
