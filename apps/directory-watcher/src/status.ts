import type { DirectoryChange, WatchState } from '@mcp-identity/active-directory'
import { Counter, Gauge, Registry } from 'prom-client'

/** Longer than that without news of the directory, or with some that Keycloak has not taken, and the watcher says so. */
const stalenessBoundMs = 5_000

export interface StatusAnswer {
  status: number
  type: string
  body: string
}

export interface Status {
  /** Counts a change that Keycloak was told of. */
  told(change: DirectoryChange): void
  /** Answers `/healthz`, `/readyz` and `/metrics`; undefined for another path. No answer names a person. */
  answer(path: string): Promise<StatusAnswer | undefined>
}

/** What the watcher tells of itself. */
export function createStatus(state: () => WatchState, clock: () => number = Date.now): Status {
  const registry = new Registry()
  const registers = [registry]
  const ageMs = (): number => clock() - (state().currentAtMs ?? 0)
  const isStale = (): boolean => ageMs() >= stalenessBoundMs
  new Gauge({
    name: 'directory_watcher_age_seconds',
    help: 'Time since everything in the directory was known and told; since 1970 before the first time',
    registers,
    collect() {
      this.set(ageMs() / 1_000)
    },
  })
  new Gauge({
    name: 'directory_watcher_stale',
    help: '1 when that is longer than five seconds',
    registers,
    collect() {
      this.set(isStale() ? 1 : 0)
    },
  })
  const changes = new Counter({
    name: 'directory_watcher_changes_total',
    help: 'Changes that Keycloak was told of',
    labelNames: ['kind', 'cause'],
    registers,
  })

  return {
    told: ({ kind, cause }) => changes.inc({ kind, cause }),
    async answer(path) {
      if (path === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() }
      if (path === '/healthz' || (path === '/readyz' && !isStale())) return json(200, { status: 'ok' })
      if (path !== '/readyz') return undefined
      return json(503, { status: 'waiting', for: state().error ?? 'the first answer of the directory' })
    },
  }
}

function json(status: number, body: object): StatusAnswer {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}
