import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { watchDirectory } from '@mcp-identity/active-directory'
import { pino } from 'pino'
import { ConfigError, readConfig, type WatcherConfig } from './config.ts'
import { openMemory } from './open-memory.ts'
import { createStatus } from './status.ts'
import { tellKeycloak } from './tell-keycloak.ts'

const notFound = { status: 404, type: 'text/plain', body: 'Not found' }

const log = pino({ name: 'directory-watcher' })

try {
  await run(readConfig(process.env))
} catch (error) {
  const text = error instanceof Error ? error.message : String(error)
  for (const line of text.split('\n')) process.stderr.write(`directory-watcher: ${line}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
}

async function run({ port, host, dataDirectory, directory, keycloak }: WatcherConfig): Promise<void> {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const memory = openMemory(join(dataDirectory, 'people.db'))
  const watch = watchDirectory({
    connection: directory,
    tree: directory,
    memory,
    onChanges: tellKeycloak({
      keycloak,
      onTold(change, subject) {
        const { kind, cause, username } = change
        status.told(change)
        log.info({ kind, cause, username, subject }, 'Keycloak was told')
      },
    }),
    onState: ({ error }) =>
      error === undefined
        ? log.info('the directory answers')
        : log.warn({ problem: error }, 'nothing is heard of the directory, or Keycloak does not take it: trying again'),
  })
  const status = createStatus(watch.state)
  const server = createServer(async (request, response) => {
    const { status: code, type, body } = (await status.answer(request.url ?? '')) ?? notFound
    response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  log.info({ directory: directory.url, issuer: keycloak.issuer }, 'watching')
  process.send?.({ ready: true })

  let isStopping = false
  const stop = async (): Promise<void> => {
    if (isStopping) return
    isStopping = true
    server.close()
    server.closeAllConnections()
    await watch.stop()
    memory.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, () => void stop())
}
