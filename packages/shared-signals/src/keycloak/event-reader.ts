import { inPortions } from '../in-portions.ts'
import type { Signal } from '../signal.ts'
import type { KeycloakAdminClient } from './admin-client.ts'
import { createDisabledPeople } from './disabled-people.ts'
import type { KeycloakEventsConfig } from './events.ts'
import { parseAdminEvents, parseEventsConfig, parsePersonIds, parseUserEvents } from './events.ts'
import type { Sighting } from './read-signals.ts'
import { adminResourceTypes, readAdminEvent, readUserEvent, userEventTypes } from './read-signals.ts'

/** How far the reader has got. Times are milliseconds since the epoch. */
export interface EventCursor {
  /** Time of the newest user event that was read, on Keycloak's clock. */
  newestUserEventMs: number
  /** Time of the newest admin event that was read, on Keycloak's clock. */
  newestAdminEventMs: number
  /** When everything up to then had been read, on our clock. */
  readAtMs: number
}

export interface EventReaderOptions {
  issuer: string
  admin: KeycloakAdminClient
  /** How far back events still matter: the longest life of an access token plus the accepted clock difference. */
  retentionSeconds: number
  /** How often the list of disabled people is compared, in milliseconds; 0: never. */
  reconcileIntervalMs: number
  /** Seconds since the epoch. */
  clock: () => number
  /** Called after each portion of a page, in order. What it takes in must be kept before it returns. */
  onSignals: (signals: readonly Signal[]) => void
}

export interface EventReader {
  /** Reads what is new since the cursor, hands it over, and returns the cursor to keep. */
  read(cursor: EventCursor | undefined): Promise<EventCursor>
}

/** The realm does not record what this feed lives on: reading on would look healthy and see nothing. */
export class EventsNotRecordedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EventsNotRecordedError'
  }
}

/**
 * How far behind the newest known event a read starts, and how often. An event gets its time when it happens and shows
 * when its transaction is committed, so one that shows late can be older than one that was already read; and a node's
 * clock may be set back.
 */
const lookBacks = [
  { everyMs: 0, lookBackMs: 2_000 },
  { everyMs: 5_000, lookBackMs: 60_000 },
  { everyMs: 60_000, lookBackMs: 600_000 },
] as const

interface UnreadEvent {
  id: string
  time: number
  read: (sighting: Sighting) => Signal[]
}

const pageSize = 500
/** Events that are taken in without a pause. */
const portionSize = 100
const mostPages = 200
const configIntervalMs = 60_000
/** For the first read, in case Keycloak's clock runs behind ours. */
const clockMarginMs = 60_000

/** Reads the events and admin events of a realm by cursor, each once, losing none. */
export function createEventReader(options: EventReaderOptions): EventReader {
  const { issuer, admin, retentionSeconds, reconcileIntervalMs, clock, onSignals } = options
  const seen = new Map<string, number>()
  const lastLookBackMs = lookBacks.map(() => Number.NEGATIVE_INFINITY)
  const disabledPeople = createDisabledPeople()
  let reconciledAtMs = Number.NEGATIVE_INFINITY
  const background = createBackground()
  let config: { value: KeycloakEventsConfig; readAtMs: number } | undefined

  const streams = {
    user: {
      path: `/events?${list('type', userEventTypes)}`,
      readPage: (answer: unknown): UnreadEvent[] =>
        parseUserEvents(answer).map((event) => ({
          id: event.id,
          time: event.time,
          read: readUserEvent.bind(null, event),
        })),
    },
    admin: {
      path: `/admin-events?${list('resourceTypes', adminResourceTypes)}`,
      readPage: (answer: unknown): UnreadEvent[] =>
        parseAdminEvents(answer).map((event) => ({
          id: event.id,
          time: event.time,
          read: readAdminEvent.bind(null, event),
        })),
    },
  }

  async function read(cursor: EventCursor | undefined): Promise<EventCursor> {
    const asOfMs = clock() * 1000
    background.rethrow()
    if (config === undefined) await checkConfig(asOfMs)
    cutOffWhatEventsNoLongerTell(cursor, asOfMs, config?.value.eventsExpiration ?? 0)
    const oldestMs = asOfMs - retentionSeconds * 1000 - clockMarginMs
    const lookBackMs = widestDue(asOfMs)
    const [newestUserEventMs, newestAdminEventMs] = await Promise.all([
      readStream(streams.user, cursor?.newestUserEventMs ?? oldestMs, asOfMs, lookBackMs),
      readStream(streams.admin, cursor?.newestAdminEventMs ?? oldestMs, asOfMs, lookBackMs),
    ])
    forgetSeen(Math.min(newestUserEventMs, newestAdminEventMs, asOfMs))
    startChores(asOfMs)
    return { newestUserEventMs, newestAdminEventMs, readAtMs: asOfMs }
  }

  /**
   * What has to be done now and then, beside the reading, so that no event waits for it; and after it, so that who is compared
   * is compared with what events told. A failure shows at the next read.
   */
  function startChores(asOfMs: number): void {
    if (config !== undefined && asOfMs - config.readAtMs >= configIntervalMs)
      background.run('config', () => checkConfig(asOfMs))
    if (reconcileIntervalMs !== 0 && asOfMs - reconciledAtMs >= reconcileIntervalMs) {
      background.run('reconcile', () => reconcile(asOfMs))
    }
  }

  /** The widest look-back whose turn has come; it covers the narrower ones. */
  function widestDue(asOfMs: number): number {
    let widest = 0
    lookBacks.forEach(({ everyMs, lookBackMs }, index) => {
      if (asOfMs - (lastLookBackMs[index] ?? 0) < everyMs) return
      lastLookBackMs[index] = asOfMs
      widest = lookBackMs
    })
    return widest
  }

  async function readStream(
    stream: (typeof streams)['user' | 'admin'],
    newestMs: number,
    asOfMs: number,
    lookBackMs: number,
  ): Promise<number> {
    let newest = newestMs
    let from = Math.floor(Math.min(newestMs, asOfMs) - lookBackMs)
    let first = 0
    for (let page = 0; page < mostPages; page++) {
      const answer = await admin.get(`${stream.path}&direction=asc&dateFrom=${from}&first=${first}&max=${pageSize}`)
      const events = stream.readPage(answer)
      await inPortions(events, portionSize, handOver)
      const last = events.at(-1)
      if (last !== undefined) newest = Math.max(newest, last.time)
      if (last === undefined || events.length < pageSize) break
      // By time rather than by offset, since the order of equal times may differ between two requests.
      first = last.time === from ? first + pageSize : 0
      from = last.time
    }
    return newest
  }

  function handOver(events: readonly UnreadEvent[]): void {
    const seenAtMs = clock() * 1000
    const unseen = events.filter(({ id }) => !seen.has(id))
    const told = unseen.map(({ time, read }) => ({ time, signals: read({ issuer, seenAtMs }) }))
    const signals = told.flatMap((each) => each.signals)
    if (signals.length > 0) onSignals(signals)
    for (const { time, signals } of told) for (const signal of signals) disabledPeople.learn(signal, time)
    for (const { id, time } of unseen) seen.set(id, time)
  }

  function forgetSeen(newestMs: number): void {
    const oldest = newestMs - 2 * lookBacks[2].lookBackMs
    for (const [id, time] of seen) if (time < oldest) seen.delete(id)
    disabledPeople.forgetEnabled(oldest)
  }

  async function checkConfig(asOfMs: number): Promise<void> {
    const value = parseEventsConfig(await admin.get('/events/config'))
    // Until it is mended every read fails, and the feed becomes stale.
    config = undefined
    refuseBlindness(issuer, value)
    config = { value, readAtMs: asOfMs }
  }

  /**
   * Was nobody reading for longer than the realm keeps its events, then nobody knows who was cut off before: tokens
   * from before that time are refused, and their clients refresh.
   */
  function cutOffWhatEventsNoLongerTell(
    cursor: EventCursor | undefined,
    asOfMs: number,
    expirationSeconds: number,
  ): void {
    const horizonMs = asOfMs - expirationSeconds * 1000
    const unreadSinceMs = Math.max(cursor?.readAtMs ?? 0, asOfMs - retentionSeconds * 1000)
    if (expirationSeconds <= 0 || unreadSinceMs >= horizonMs) return
    onSignals([
      { kind: 'cut_off', issuer, notBefore: horizonMs / 1000, cause: 'events_lost', receivedAt: asOfMs / 1000 },
    ])
  }

  /** Disabled people whose event never showed: disabled in a federated directory, or the events were cleared. */
  async function reconcile(asOfMs: number): Promise<void> {
    reconciledAtMs = asOfMs
    const disabled = new Set<string>()
    for (let page = 0; page < mostPages; page++) {
      const path = `/users?enabled=false&briefRepresentation=true&first=${page * pageSize}&max=${pageSize}`
      const ids = parsePersonIds(await admin.get(path))
      for (const id of ids) disabled.add(id)
      if (ids.length < pageSize) break
    }
    // By Keycloak's clock, on which tokens are dated: by ours, were it ahead, whoever is enabled again would be kept out.
    const now = admin.now()
    await inPortions([...disabled], portionSize, (portion) => {
      const signals = disabledPeople.untold(new Set(portion), asOfMs).map((subject) => disabledAt(subject, now))
      if (signals.length > 0) onSignals(signals)
    })
    disabledPeople.compared(disabled, asOfMs)
  }

  function disabledAt(subject: string, second: number): Signal {
    return { kind: 'cut_off', issuer, subject, notBefore: second, cause: 'account_disabled', receivedAt: second }
  }

  return { read }
}

/** Runs chores one at a time each, and keeps the first failure until somebody asks. */
function createBackground() {
  const running = new Set<string>()
  let failure: { cause: unknown } | undefined
  return {
    run(name: string, chore: () => Promise<void>): void {
      if (running.has(name)) return
      running.add(name)
      chore()
        .catch((cause: unknown) => {
          failure ??= { cause }
        })
        .finally(() => running.delete(name))
    },
    rethrow(): void {
      const found = failure
      failure = undefined
      if (found !== undefined) throw found.cause
    },
  }
}

function refuseBlindness(issuer: string, config: KeycloakEventsConfig): void {
  const types = config.enabledEventTypes ?? []
  const missing = [
    config.eventsEnabled ? '' : 'eventsEnabled',
    config.adminEventsEnabled ? '' : 'adminEventsEnabled',
    config.adminEventsDetailsEnabled ? '' : 'adminEventsDetailsEnabled',
    ...(types.length === 0 ? [] : ['LOGOUT', 'REVOKE_GRANT'].filter((type) => !types.includes(type))),
  ].filter((name) => name !== '')
  if (missing.length > 0) {
    throw new EventsNotRecordedError(
      `the realm of ${issuer} does not record its events: switch on ${missing.join(', ')}`,
    )
  }
}

function list(name: string, values: readonly string[]): string {
  return values.map((value) => `${name}=${value}`).join('&')
}
