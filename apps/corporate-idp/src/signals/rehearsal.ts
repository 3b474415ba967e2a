import type { Logger } from 'pino'
import type { Schedule } from './dispatcher.ts'
import { type Keycloak, UnknownUserError } from './keycloak.ts'
import type { ResourceServer, SenderOptions } from './signal-senders.ts'

export interface RehearsalOptions {
  keycloak: Keycloak
  endBrokeredSessions: SenderOptions['endBrokeredSessions']
  resourceServers?: readonly ResourceServer[]
  log: Logger
  schedule: Schedule
}

const nobody = 'nobody'
const retryMs = 2000

/**
 * Disables nobody, once, as soon as Keycloak and the resource servers answer. A wrong secret shows at start instead of
 * on the day when somebody has to go, and all have loaded what they need before that day: the first disable is as fast
 * as the second.
 *
 * @returns Ends the rehearsal if it is still waiting for Keycloak.
 */
export function startRehearsal(options: RehearsalOptions): () => void {
  const { keycloak, endBrokeredSessions, resourceServers = [], log, schedule } = options
  let cancel = () => {}
  let isOver = false
  let lastProblem = ''

  async function attempt(): Promise<void> {
    try {
      await Promise.all([
        keycloak.findUser(nobody),
        keycloak.groupIds(),
        unlessUnknown(keycloak.setActive(nobody, false)),
        unlessUnknown(keycloak.logOut(nobody)),
        endBrokeredSessions(nobody),
        ...resourceServers.map((resourceServer) => resourceServer.logOut(nobody, Date.now())),
      ])
      log.info('Keycloak and the resource servers take signals')
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== lastProblem) log.warn({ problem }, 'signals are not taken yet')
      lastProblem = problem
      if (!isOver) cancel = schedule(retryMs, () => void attempt())
    }
  }

  void attempt()
  return () => {
    isOver = true
    cancel()
  }
}

async function unlessUnknown(call: Promise<void>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof UnknownUserError)) throw error
  })
}
