import { parseArgs } from 'node:util'
import { developmentPeople } from '@mcp-identity/sample-company'
import { pino } from 'pino'
import { readConfig } from './config.ts'
import { startCorporateIdp } from './start-corporate-idp.ts'

const log = pino({ name: 'corporate-idp' })

try {
  const { values } = parseArgs({ options: { as: { type: 'string' } } })
  const config = readConfig({ ...process.env, ...(values.as === undefined ? {} : { IDP_AS: values.as }) })
  if (config.development) {
    log.warn('DEVELOPMENT: plain http, published passwords and a secret for the admin API. Never reachable by others.')
  }
  const corporateIdp = await startCorporateIdp(config, log)
  log.info(
    { issuer: corporateIdp.issuer, as: config.provider.title, port: corporateIdp.port },
    'corporate IdP is ready',
  )
  stopWhenAsked(corporateIdp.stop)
  process.send?.({ ready: true, ...(config.development ? { accounts: developmentAccounts() } : {}) })
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error))
  process.exit(1)
}

/** For the local stack's table: who can sign in. */
function developmentAccounts(): { username: string; password: string; groups: string[] }[] {
  return developmentPeople.map(({ username, password, groups }) => ({ username, password, groups }))
}

/** Stops on SIGTERM and SIGINT, and when the process that started this one is gone. */
function stopWhenAsked(stop: () => Promise<void>): void {
  const once = () => {
    process.removeAllListeners('disconnect')
    stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', once)
  process.once('SIGINT', once)
  process.once('disconnect', once)
}
