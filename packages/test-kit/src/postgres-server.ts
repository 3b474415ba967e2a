import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real PostgreSQL server of a test's own, on a socket in a folder of its own. */
export interface PostgresServer {
  /** Connection string of a new, empty database. */
  newDatabase(): string
  /** Stops the server at once, as a crash would, or starts it again. */
  kill(): void
  start(): void
  stop(): void
}

const installed = '/usr/lib/postgresql'

function programs(): string | undefined {
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(installed, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')))
}

/**
 * Whether the server's programs are installed, where Debian's packages put them.
 *
 * @throws {Error} They are not, and `CI` is `true`: a check that is skipped there is no check.
 */
export function hasPostgresServer(): boolean {
  const found = programs() !== undefined
  if (!found && process.env.CI === 'true') throw new Error('there is no PostgreSQL server; apt install postgresql')
  return found
}

/** Starts one with an empty cluster. PostgreSQL does not run as root; then Debian's own user runs it. */
export function startPostgresServer(): PostgresServer {
  const bin = programs() ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'pg-'))
  const asRoot = process.getuid?.() === 0
  if (asRoot) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
    chownSync(folder, id('-u'), id('-g'))
  }
  const run = (program: string, args: string[]) => {
    const command = [join(bin, program), ...args]
    const [file = '', ...rest] = asRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command
    execFileSync(file, rest, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder })
  }
  const data = join(folder, 'data')
  const options = `-c listen_addresses='' -c unix_socket_directories='${folder}'`
  const start = () => run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start'])
  run('initdb', ['-D', data, '-U', 'test', '-A', 'trust', '--no-sync'])
  start()
  let databases = 0
  return {
    newDatabase() {
      const name = `audit_${++databases}`
      run('createdb', ['-h', folder, '-U', 'test', name])
      return `postgres://test@localhost/${name}?host=${encodeURIComponent(folder)}`
    },
    kill: () => run('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop']),
    start,
    stop() {
      const pgCtl = [join(bin, 'pg_ctl'), '-D', data, '-w', '-m', 'immediate', 'stop']
      const [file = '', ...rest] = asRoot ? ['runuser', '-u', 'postgres', '--', ...pgCtl] : pgCtl
      spawnSync(file, rest, { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
