import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sourceFolder = join(root, 'src/client')

/** Where the built page lies. */
export const clientFolder: string = join(root, 'dist')

/** Names the sources that a build was made from; a dot file, so it is never served. */
const stampFile = join(clientFolder, '.sources')

/**
 * Builds the page with Vite when there is no build of the present sources. The build appears whole or not at all, so
 * two processes may do this at once.
 *
 * @param tell Receives one line when a build starts and one when it is done; nothing when none is needed.
 */
export async function ensureClientBuild(tell: (line: string) => void): Promise<void> {
  const sources = await digestSources()
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === sources) return
  tell('Building the console page')
  const startedAt = performance.now()
  const { build } = await import('vite')
  const freshFolder = await mkdtemp(join(root, '.dist-'))
  try {
    await build({
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: freshFolder, emptyOutDir: true },
    })
    await writeFile(join(freshFolder, '.sources'), sources)
    await rm(clientFolder, { recursive: true, force: true })
    await rename(freshFolder, clientFolder)
  } finally {
    await rm(freshFolder, { recursive: true, force: true })
  }
  tell(`Built the console page in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

async function digestSources(): Promise<string> {
  const entries = await readdir(sourceFolder, { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digest = createHash('sha256')
  for (const path of [...sources.sort(), join(root, 'vite.config.ts'), join(root, 'package.json')]) {
    digest.update(`${relative(dirname(root), path)}\0`).update(await readFile(path))
  }
  return digest.digest('hex')
}
