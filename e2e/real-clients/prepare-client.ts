import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { mustRun } from './run-command.ts'

/** How a client that is no package of this workspace is made ready. */
interface Recipe {
  /** What the machine must have. */
  command: string
  /** Fills `folder`, which starts as a copy of the client's own folder here. */
  make(folder: string): Promise<unknown>
}

const recipes = {
  'python-fastmcp': { command: 'python3', make: installByPip },
  'python-scim2': { command: 'python3', make: installByPip },
  'go-sdk': {
    command: 'go',
    make: (folder) => mustRun('go', ['build', '-o', 'go-sdk', '.'], { cwd: folder }),
  },
  'inspector-cli': { command: 'npm', make: installByNpm },
  'mcp-remote': { command: 'npm', make: installByNpm },
} satisfies Record<string, Recipe>

const source = import.meta.dirname
const cache = join(source, '..', '.local', 'real-clients')

/**
 * Makes a client ready, once for each content of its folder here, and returns the folder where it is.
 * Where the machine lacks what it needs the test is skipped with that reason, and fails when `CI` is `true`.
 */
export async function prepareClient(context: TestContext, name: keyof typeof recipes): Promise<string> {
  const { command, make }: Recipe = recipes[name]
  if (!isOnPath(command)) {
    const reason = `${name} needs ${command}, which is not on the PATH`
    if (process.env.CI === 'true') throw new Error(reason)
    context.skip(reason)
  }
  const folder = join(cache, `${name}-${await contentKey(join(source, name))}`)
  if (existsSync(join(folder, 'ready'))) return folder
  await rm(folder, { recursive: true, force: true })
  await cp(join(source, name), folder, { recursive: true })
  await make(folder)
  await mkdir(join(folder, 'ready'))
  return folder
}

async function installByPip(folder: string): Promise<void> {
  await mustRun('python3', ['-m', 'venv', join(folder, 'venv')])
  const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', join(folder, 'requirements.txt')]
  await mustRun(join(folder, 'venv/bin/python'), pip)
}

function installByNpm(folder: string): Promise<string> {
  return mustRun('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
}

function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, command)))
}

async function contentKey(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)))
  return hash.digest('hex').slice(0, 12)
}
