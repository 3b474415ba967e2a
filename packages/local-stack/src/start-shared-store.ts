import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { partData } from './parts.ts'
import { waitUntilSaid } from './process/readiness.ts'
import { runKept, startKept } from './process/running-process.ts'
import { trackPart } from './progress/progress.ts'
import type { StoreContext } from './start-store.ts'

const run = promisify(execFile)
const title = 'PostgreSQL'
/** Longer paths are no address of a socket. */
const longestSocket = 100
const user = 'mcp'

/**
 * Starts the PostgreSQL that the replicas of this stack share: on a socket that only its owner reaches, without a password.
 * What is in it stays until the stack is reset.
 *
 * @returns Its address; undefined where it cannot run here, which a notice says.
 * @throws {StackError} It ended.
 */
export async function startSharedStore(context: StoreContext): Promise<string | undefined> {
  const place = partData(context.folder, 'postgres')
  const programs = await findPostgres()
  const problem = socketProblem(place) ?? (programs === undefined ? 'no PostgreSQL runs here' : undefined)
  if (programs === undefined || problem !== undefined) {
    context.tell({
      kind: 'notice',
      text: `Each replica keeps approvals and access reviews for itself and shows its own audit log only: ${problem}. Install it, such as by apt install postgresql.`,
    })
    return undefined
  }
  await trackPart(context, title, async (detail) => {
    detail(place)
    await startPostgres(programs, place, context)
  })
  return `postgres://${user}@localhost/postgres?host=${encodeURIComponent(place)}`
}

/** Whether {@link startSharedStore} finds what it needs. */
export async function canShareStore(): Promise<boolean> {
  return (await findPostgres()) !== undefined
}

interface Postgres {
  folder: string
  /** How a program of it is begun: it refuses to run as root, and so is nobody in particular in a namespace of its own. */
  command(program: string, args: string[]): { command: string; args: string[] }
}

async function findPostgres(): Promise<Postgres | undefined> {
  const folder = [...debianFolders(), ...(process.env.PATH ?? '').split(delimiter)].find((each) =>
    ['initdb', 'postgres', 'pg_isready'].every((program) => existsSync(join(each, program))),
  )
  if (folder === undefined) return undefined
  if (process.getuid?.() !== 0)
    return { folder, command: (program, args) => ({ command: join(folder, program), args }) }
  const [unshare, ...options] = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--']
  const isPossible = await run(unshare, [...options, 'true']).then(
    () => true,
    () => false,
  )
  if (!isPossible) return undefined
  return {
    folder,
    command: (program, args) => ({ command: unshare, args: [...options, join(folder, program), ...args] }),
  }
}

/** Where Debian's packages put them, apart from the path. */
function debianFolders(): string[] {
  const installed = '/usr/lib/postgresql'
  const versions = existsSync(installed) ? readdirSync(installed).sort((one, other) => Number(other) - Number(one)) : []
  return versions.map((version) => join(installed, version, 'bin'))
}

function socketProblem(place: string): string | undefined {
  return Buffer.byteLength(place) > longestSocket ? `${place} is too long for a socket of PostgreSQL` : undefined
}

async function startPostgres(postgres: Postgres, place: string, context: StoreContext): Promise<void> {
  const { settings, folder, record, signal } = context
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const data = join(place, 'data')
  const plan = (program: string, args: string[]) => ({
    name: title,
    ...postgres.command(program, args),
    environment: settings.environment,
    folder: place,
    logFile: join(folder.logs, 'postgres.log'),
  })
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const options = ['--username', user, '--auth', 'trust', '--locale', 'C', '--encoding', 'UTF8', '--no-sync']
    await runKept(plan('initdb', ['--pgdata', data, ...options]), record, signal)
  }
  const options = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${place}`]
  const running = await startKept(plan('postgres', ['-D', data, ...options]), record)
  context.onStarted(running)
  await waitUntilSaid(running, () => isReady(postgres, place), signal)
}

function isReady({ folder }: Postgres, place: string): Promise<boolean> {
  return run(join(folder, 'pg_isready'), ['--quiet', '--host', place]).then(
    () => true,
    () => false,
  )
}
