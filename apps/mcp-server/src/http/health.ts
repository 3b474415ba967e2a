import { present } from '../audit-events.ts'
import type { RouteHandler } from './answers.ts'
import { sendJson } from './answers.ts'

/** One thing that has to be in order before calls are answered. */
export interface ReadinessCheck {
  name: string
  /** What is missing and waited for, or undefined when all is in order. */
  problem: () => string | undefined
  /** What somebody should look at although calls are answered. */
  warning?: () => string | undefined
  /** How old the oldest is that this check knows, in seconds. */
  ageSeconds?: () => number | undefined
}

/** The process is alive: it answers. Says nothing about what it depends on. */
export const healthz: RouteHandler = (_request, response) => sendJson(response, 200, { status: 'ok' })

/** 200 when every check is in order, otherwise 503 with what each waits for. */
export function readyz(checks: readonly ReadinessCheck[]): RouteHandler {
  return (_request, response) => {
    const results = checks.map(({ name, problem, warning, ageSeconds }) => {
      const waitsFor = problem()
      const told = { waitsFor, warning: warning?.(), ageSeconds: ageSeconds?.() }
      return { name, ready: waitsFor === undefined, ...present(told) }
    })
    const ready = results.every((result) => result.ready)
    sendJson(response, ready ? 200 : 503, { ready, checks: results }, ready ? {} : { 'retry-after': '1' })
  }
}
