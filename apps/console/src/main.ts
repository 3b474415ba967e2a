import { serve } from '@hono/node-server'
import pino from 'pino'
import { ConfigError, readConfig } from './config.ts'
import { ensureClientBuild } from './server/client-build.ts'
import { readClientFiles } from './server/client-files.ts'
import { createConsoleApp } from './server/console-app.ts'

const log = pino({ name: 'console' })

try {
  await start()
} catch (error) {
  log.fatal(error instanceof ConfigError ? { problems: error.message.split('\n') } : { err: error }, 'cannot start')
  process.exitCode = 1
  process.disconnect?.()
}

async function start(): Promise<void> {
  const config = readConfig(process.env)
  if (config.development) log.warn('development mode: plain http is allowed and HSTS is not sent')
  const files = await readClientFiles(await ensureClientBuild((line) => log.info(line)))
  const app = createConsoleApp({ settings: config.settings, files })
  const server = serve({ fetch: app.fetch, port: config.port, hostname: config.host }, ({ port }) => {
    log.info({ port }, 'listening')
    process.send?.({ ready: true })
  })
  server.on('error', (error) => {
    log.fatal({ err: error }, 'cannot listen')
    process.exit(1)
  })
  const stop = (): void => {
    server.close(() => process.exit(0))
    if ('closeAllConnections' in server) server.closeAllConnections()
  }
  process.once('disconnect', stop).once('SIGTERM', stop).once('SIGINT', stop)
}
