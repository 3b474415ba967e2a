import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveIn, packInto, run } from './pack-package.ts'

export interface PackOptions {
  /** Folder of the package, which builds itself in `prepack`. */
  packageFolder: string
  /** Folders of what it depends on: packed as they lie there. Default: none. */
  dependencies?: readonly string[]
  /** Leaves peer dependencies to the application, for a package whose peers are all optional. Default false. */
  leavePeers?: boolean
}

/** Of `package.json`, what tests ask for. */
export interface PackageManifest {
  dependencies?: Readonly<Record<string, string>>
  peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>
}

/** An empty project that has installed the archive of one package, and nothing that it did not bring. */
export interface PackedProject {
  /** Folder of the project. */
  project: string
  archive: string
  /** Folder of the installed package. */
  installed: string
  /** `package.json` of the installed package. */
  manifest(): PackageManifest
  /** Files of the installed package that are neither modules nor types in `dist`, in the order of their names. */
  filesBesideBuild(): string[]
  /** Runs a module in the project and answers what it wrote, without white space around. */
  evaluate(node: string, script: string): string
  remove(): void
}

/**
 * Builds and packs a package, and installs the archive into an empty project. Nothing is fetched.
 *
 * @throws {Error} The package does not compile, or asks for something that is not among `dependencies`.
 */
export function packProject({ packageFolder, dependencies = [], leavePeers = false }: PackOptions): PackedProject {
  const { name } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { name: string }
  const shortName = name.slice(name.lastIndexOf('/') + 1)
  const folder = mkdtempSync(join(tmpdir(), `${shortName}-`))
  const project = mkdtempSync(join(folder, 'project-'))
  packInto(folder, packageFolder)
  const archive = archiveIn(folder, shortName)
  for (const each of dependencies) run('npm', ['pack', each, '--pack-destination', folder, '--silent'], folder)
  const others = readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => join(folder, file))
    .filter((file) => file !== archive)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  const options = ['--offline', '--no-audit', '--no-fund', ...(leavePeers ? ['--legacy-peer-deps'] : [])]
  run('npm', ['install', ...options, ...others, archive], project)
  const installed = join(project, 'node_modules', name)
  return {
    project,
    archive,
    installed,
    manifest: () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')),
    filesBesideBuild: () =>
      readdirSync(installed, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
        .filter((file) => !/^dist\/.+\.(?:d\.ts|js)$/.test(file))
        .toSorted(),
    evaluate: (node, script) => run(node, ['--input-type=module', '--eval', script], project).trim(),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
