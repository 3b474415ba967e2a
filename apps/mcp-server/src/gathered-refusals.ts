import type { AuditEvent } from '@mcp-identity/audit-log'

/** Refusals on their way to the audit log. */
export interface GatheredRefusals {
  /** Resolves when a record that counts this refusal is durable; rejects as the log does. */
  add(event: AuditEvent): Promise<void>
  /** Writes those that wait, now. */
  flush(): void
}

/** Those that follow another one wait so long for more. */
const gatherMs = 100

/**
 * Puts refusals on record so that a flood of them neither fills the disk nor makes calls wait for it: the first at once,
 * those of the next tenth of a second in one go, equal ones in one record that says how many it stands for (`times`).
 * Equal is all but the time and the request, which are those of the first.
 */
export function gatherRefusals(record: (event: AuditEvent) => Promise<void>): GatheredRefusals {
  /** By what makes refusals equal. Undefined: none came lately. */
  let waiting: Map<string, Waiting> | undefined
  let timer: NodeJS.Timeout | undefined

  function gather(): void {
    waiting = new Map()
    timer = setTimeout(flush, gatherMs)
  }

  function flush(): void {
    clearTimeout(timer)
    const gathered = waiting
    waiting = undefined
    if (gathered === undefined || gathered.size === 0) return
    gather()
    for (const { event, times, write } of gathered.values()) write(record(times === 1 ? event : { ...event, times }))
  }

  return {
    add(event) {
      const timed = { time: new Date().toISOString(), ...event }
      if (waiting === undefined) {
        gather()
        return record(timed)
      }
      const kind = kindOf(event)
      const equal = waiting.get(kind) ?? waitingFor(timed)
      equal.times += 1
      waiting.set(kind, equal)
      return equal.written
    },
    flush,
  }
}

interface Waiting {
  readonly event: AuditEvent
  times: number
  readonly written: Promise<void>
  readonly write: (writing: Promise<void>) => void
}

function waitingFor(event: AuditEvent): Waiting {
  let write: Waiting['write'] = () => {}
  const written = new Promise<void>((resolve) => {
    write = resolve
  })
  return { event, times: 0, written, write }
}

function kindOf({ time: _time, requestId: _requestId, traceparent: _traceparent, ...what }: AuditEvent): string {
  return JSON.stringify(what)
}
