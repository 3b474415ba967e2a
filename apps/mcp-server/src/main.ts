import { pino } from 'pino'
import { ConfigError, readConfig } from './config.ts'
import { letHeapDouble } from './heap-growth.ts'
import { startServer } from './start-server.ts'

/** Members of log lines that could hold a credential are removed before they are written. */
const redact = [
  'authorization',
  'token',
  'accessToken',
  'clientSecret',
  'password',
  '*.authorization',
  '*.token',
  '*.accessToken',
  '*.clientSecret',
  '*.password',
  'headers',
  '*.headers',
]

async function main(): Promise<void> {
  letHeapDouble()
  const config = readConfig(process.env)
  const logger = pino({ level: config.logLevel, base: null, redact: { paths: redact, remove: true } })
  const server = await startServer(config, logger)
  announce()
  process.send?.({ ready: true })

  function announce(): void {
    logger.info(
      { port: server.port, resource: config.resource, issuers: config.issuers.map(({ issuer }) => issuer) },
      'listening',
    )
    if (config.development) logger.warn('development mode: http is allowed, never use it beyond your own machine')
    if (config.developmentClockFile !== undefined)
      logger.warn({ file: config.developmentClockFile }, 'development mode: policies go by the clock in this file')
    if (config.keycloakEvents.length === 0)
      logger.warn('no signals: tokens of people who lost access are accepted until they expire; set MCP_SIGNALS')
  }

  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the server did not stop cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGHUP', server.reloadPolicies)
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('disconnect', stop)
}

main().catch((error: unknown) => {
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  for (const problem of problems) process.stderr.write(`mcp-server: ${problem}\n`)
  process.exit(1)
})
