import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sourceFolder = join(root, 'src/client')
const buildsFolder = join(root, 'dist')

/** Builds of other sources are kept this long, in case another process is reading them. */
const keepBuildsMs = 60 * 60 * 1000

/**
 * Builds the page with Vite when there is no build of the present sources. A build lies in a folder named after the
 * digest of its sources and appears whole or not at all, so any number of processes may do this at once.
 *
 * @param tell Receives one line when a build starts and one when it is done; nothing when none is needed.
 * @returns the folder of the build.
 */
export async function ensureClientBuild(tell: (line: string) => void): Promise<string> {
  const folder = join(buildsFolder, await digestSources())
  if (await exists(join(folder, 'index.html'))) return folder
  tell('Building the console page')
  const startedAt = performance.now()
  await buildInto(folder)
  await removeOldBuilds(folder)
  tell(`Built the console page in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return folder
}

async function buildInto(folder: string): Promise<void> {
  await mkdir(buildsFolder, { recursive: true })
  const freshFolder = await mkdtemp(join(buildsFolder, '.new-'))
  try {
    await runVite(freshFolder)
    await rename(freshFolder, folder)
  } catch (error) {
    // Another process has finished the same build.
    if (!(await exists(join(folder, 'index.html')))) throw error
  } finally {
    await rm(freshFolder, { recursive: true, force: true })
  }
}

/** A process of its own: Vite's memory goes back, and a `NODE_ENV` of tests cannot make it a development build. */
async function runVite(outDir: string): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')
  const args = [vite, 'build', '--config', join(root, 'vite.config.ts'), '--outDir', outDir, '--emptyOutDir']
  await promisify(execFile)(process.execPath, [...args, '--logLevel', 'warn'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  })
}

async function removeOldBuilds(present: string): Promise<void> {
  for (const name of await readdir(buildsFolder)) {
    const folder = join(buildsFolder, name)
    const isOld = (await stat(folder)).mtimeMs < Date.now() - keepBuildsMs
    if (isOld && folder !== present) await rm(folder, { recursive: true, force: true })
  }
}

async function digestSources(): Promise<string> {
  const entries = await readdir(sourceFolder, { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digest = createHash('sha256')
  for (const path of [...sources.sort(), join(root, 'vite.config.ts'), join(root, 'package.json')]) {
    digest.update(`${relative(root, path)}\0`).update(await readFile(path))
  }
  return digest.digest('hex').slice(0, 20)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
