import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const { resolve } = createRequire(import.meta.url)

/** The compiler's program, to be run by Node. */
export const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc')

/**
 * Compiles one file of a project as a strict project for Node does.
 *
 * @param options Further options of the compiler.
 * @returns What the compiler said: nothing when the file compiles.
 */
export function compileStrictly(project: string, file: string, options: readonly string[] = []): string {
  const types = join(dirname(resolve('@types/node/package.json')), '..')
  const strict = ['--strict', '--noEmit', '--pretty', 'false', '--target', 'es2023', '--module', 'nodenext']
  const args = [compiler, ...strict, ...options, '--typeRoots', types, '--types', 'node', file]
  try {
    return execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
