import { spawn } from 'node:child_process'
import { createWriteStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { keycloakVersion } from '@mcp-identity/keycloak-realm'
import type { TellDetail } from '../progress/progress.ts'

interface FetchOrder {
  /** An empty folder to fetch into. */
  folder: string
  detail: TellDetail
  signal: AbortSignal
}

/** A place that has the distribution. */
export interface DistributionSource {
  name: string
  /** Fetches the zip into the folder. Resolves to its path; rejects with the reason, in one line. Checks no checksum. */
  fetch(order: FetchOrder): Promise<string>
  /** What to do when what it has is not the distribution. */
  adviceWhenDamaged?: string
}

const zipName = `keycloak-quarkus-dist-${keycloakVersion}.zip`

/** Asked in this order. Maven first: it knows the mirrors and proxies of the company that it was set up for. */
export const distributionSources: DistributionSource[] = [
  {
    name: 'Maven',
    fetch: fetchByMaven,
    adviceWhenDamaged: 'delete org/keycloak/keycloak-quarkus-dist from the local Maven repository',
  },
  httpsSource(
    'GitHub release',
    `https://github.com/keycloak/keycloak/releases/download/${keycloakVersion}/keycloak-${keycloakVersion}.zip`,
  ),
]

/** A source that serves the zip at one address. A transfer that stands still for 30 seconds is given up. */
export function httpsSource(name: string, url: string): DistributionSource {
  return {
    name,
    async fetch({ folder, detail, signal }) {
      detail(`downloading from ${name}`)
      const stall = new AbortController()
      const timer = setTimeout(() => stall.abort(new Error(`no answer for ${stallMs / 1000} s`)), stallMs)
      try {
        const response = await fetch(url, { signal: AbortSignal.any([signal, stall.signal]) })
        if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`)
        const file = join(folder, zipName)
        const total = Number(response.headers.get('content-length'))
        const progress = countBytes(total, (text) => detail(`downloading from ${name}, ${text}`))
        progress.on('data', () => timer.refresh())
        await pipeline(Readable.fromWeb(response.body), progress, createWriteStream(file), { signal })
        return file
      } catch (error) {
        throw readableFailure(error, stall.signal)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

const stallMs = 30_000
const mebibyte = 1 << 20

function countBytes(total: number, tell: (text: string) => void): Transform {
  let received = 0
  let toldAt = Number.NEGATIVE_INFINITY
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      if (performance.now() - toldAt > 500) {
        toldAt = performance.now()
        const of = total > 0 ? ` of ${Math.round(total / mebibyte)}` : ''
        tell(`${Math.round(received / mebibyte)}${of} MiB`)
      }
      done(null, chunk)
    },
  })
}

function readableFailure(error: unknown, stall: AbortSignal): Error {
  if (stall.aborted) return stall.reason
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause : new Error(String(cause))
}

const mavenCommand = 'mvn'

/** `dependency:copy` takes the zip from the local Maven repository, or downloads it there first. */
async function fetchByMaven({ folder, detail, signal }: FetchOrder): Promise<string> {
  detail('fetching with mvn')
  const output = await runMaven(
    [
      '-B',
      '-ntp',
      'dependency:copy',
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`,
      `-DoutputDirectory=${folder}`,
    ],
    folder,
    signal,
  )
  const file = readdirSync(folder).find((name) => name.endsWith('.zip'))
  if (file === undefined) throw new Error(`mvn copied nothing: ${output}`)
  return join(folder, file)
}

function runMaven(args: string[], folder: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const maven = spawn(mavenCommand, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], signal })
    let output = ''
    for (const stream of [maven.stdout, maven.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    maven.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('mvn is not installed') : error),
    )
    maven.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`mvn ended with exit code ${code}: ${firstError(output)}`)),
    )
  })
}

function firstError(output: string): string {
  const line = output.split('\n').find((candidate) => candidate.includes('ERROR')) ?? output.trim().split('\n').at(-1)
  return (line ?? '').slice(0, 300)
}
