import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { keycloakVersion } from '@mcp-identity/keycloak-realm'
import type { TellDetail } from '../progress/progress.ts'
import { StackError } from '../stack-error.ts'
import { type DistributionSource, distributionSources } from './distribution-sources.ts'
import { sha256OfFile } from './sha256.ts'

/** SHA-256 of `keycloak-quarkus-dist-26.7.4.zip`; Maven and the GitHub release serve the same file. */
const distributionSha256 = 'a286e98b4296d4e75ee88d8527c7cd463b307caa022f088c9f22cffccc741fa1'

/** A Keycloak to build from: a zip whose checksum was right, or a folder that a person named. */
export type Distribution = { kind: 'zip'; path: string } | { kind: 'folder'; path: string }

export interface DistributionSettings {
  cacheFolder: string
  keycloakHome: string | undefined
  keycloakDist: string | undefined
  /** For tests. */
  sha256?: string
  sources?: DistributionSource[]
}

/**
 * Gets hold of the Keycloak distribution: `KEYCLOAK_HOME`, `KEYCLOAK_DIST`, the cache, or the first source that has it.
 *
 * A download goes to a name of its own and becomes the cached zip only when its checksum is right, so a half download
 * is never used. A cached zip that was damaged since is fetched anew. The caller holds the cache's lock.
 *
 * @throws {StackError} What was named is not Keycloak 26.7.4, or no source has it; says what each of them answered.
 */
export async function findDistribution(
  settings: DistributionSettings,
  detail: TellDetail,
  signal: AbortSignal,
): Promise<Distribution> {
  const { keycloakHome, keycloakDist } = settings
  if (keycloakHome !== undefined) return checkedHome(keycloakHome)
  if (keycloakDist !== undefined) return checkedZip(keycloakDist, settings.sha256 ?? distributionSha256)
  return { kind: 'zip', path: await cachedZip(settings, detail, signal) }
}

function checkedHome(path: string): Distribution {
  const version = readVersion(path)
  if (version === keycloakVersion) return { kind: 'folder', path }
  const found = version === undefined ? 'no Keycloak' : `Keycloak ${version}`
  throw new StackError(`KEYCLOAK_HOME must be an unpacked Keycloak ${keycloakVersion}, found ${found} in ${path}`, {
    nextStep: 'Unset KEYCLOAK_HOME to let the stack download its own.',
  })
}

function readVersion(home: string): string | undefined {
  try {
    return /Version (\S+)/.exec(readFileSync(join(home, 'version.txt'), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

async function checkedZip(path: string, expected: string): Promise<Distribution> {
  const found = existsSync(path) ? await sha256OfFile(path) : undefined
  if (found === expected) return { kind: 'zip', path }
  throw new StackError(
    `KEYCLOAK_DIST must be the zip of Keycloak ${keycloakVersion} with SHA-256 ${expected}, ` +
      (found === undefined
        ? `and there is no file ${path}`
        : `found ${found} in ${path}: cut short, or another version`),
    { nextStep: 'Unset KEYCLOAK_DIST to let the stack download it.' },
  )
}

async function cachedZip(settings: DistributionSettings, detail: TellDetail, signal: AbortSignal): Promise<string> {
  const { cacheFolder, sha256: expected = distributionSha256, sources = distributionSources } = settings
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 })
  const zip = join(cacheFolder, `keycloak-${keycloakVersion}.zip`)
  removeHalfDownloads(cacheFolder)
  if (existsSync(zip)) {
    if ((await sha256OfFile(zip)) === expected) return zip
    detail('the cached zip is damaged, fetching it anew')
    rmSync(zip)
  }
  const refusals: string[] = []
  for (const source of sources) {
    const refusal = await fetchFrom(source, { zip, expected, cacheFolder, detail, signal })
    if (refusal === undefined) return zip
    refusals.push(`${source.name}: ${refusal}`)
  }
  throw nothingFound(refusals)
}

/** Fetches the zip into place, or says why this source did not have it. */
async function fetchFrom(
  source: DistributionSource,
  order: { zip: string; expected: string; cacheFolder: string; detail: TellDetail; signal: AbortSignal },
): Promise<string | undefined> {
  const draft = join(order.cacheFolder, `${downloadPrefix}${process.pid}-${Date.now()}`)
  mkdirSync(draft)
  try {
    const file = await source.fetch({ folder: draft, detail: order.detail, signal: order.signal })
    const found = await sha256OfFile(file)
    if (found !== order.expected) return describeDamage(source, found, order.expected)
    renameSync(file, order.zip)
    return undefined
  } catch (error) {
    order.signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function describeDamage({ adviceWhenDamaged }: DistributionSource, found: string, expected: string): string {
  const advice = adviceWhenDamaged === undefined ? '' : `; ${adviceWhenDamaged}`
  return `the SHA-256 is ${found}, expected ${expected}${advice}`
}

const downloadPrefix = '.download-'

function removeHalfDownloads(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder)) {
    if (name.startsWith(downloadPrefix)) rmSync(join(cacheFolder, name), { recursive: true, force: true })
  }
}

function nothingFound(refusals: string[]): StackError {
  return new StackError(
    [`Keycloak ${keycloakVersion} could not be downloaded:`, ...refusals.map((refusal) => `  - ${refusal}`)].join('\n'),
    {
      nextStep:
        `Download keycloak-${keycloakVersion}.zip elsewhere and set KEYCLOAK_DIST to it, or set KEYCLOAK_HOME to an unpacked one. ` +
        'Behind a proxy set HTTPS_PROXY and NODE_USE_ENV_PROXY=1.',
    },
  )
}
