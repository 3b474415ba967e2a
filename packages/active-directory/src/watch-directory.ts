import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'ldapts'
import { connectDirectory, type DirectoryConnection, type DirectoryTree } from './connect.ts'
import { type DirectoryChange, findChange, type KnownPerson, rememberPerson } from './directory-changes.ts'
import { resolveMemberships } from './memberships.ts'
import {
  type DirectoryGroup,
  type DirectoryPerson,
  type DirectoryPosition,
  readGroups,
  readPeople,
  readPosition,
} from './read-directory.ts'

/** Remembers over restarts what was told: without it a change that happens while nobody watches would be lost. */
export interface DirectoryMemory {
  /** Everybody who is known, by id. */
  load(): Map<string, KnownPerson>
  /** @param people Who changed; undefined: gone. Kept before it returns. */
  save(people: ReadonlyMap<string, KnownPerson | undefined>): void
}

/** Whether the watcher knows what happens in the directory. */
export interface WatchState {
  /** Everything up to then is known and was told. Milliseconds since the epoch; undefined: nothing was read yet. */
  currentAtMs: number | undefined
  /** Why the last attempt failed; undefined after one that did not. */
  error: string | undefined
}

export interface WatchOptions {
  connection: DirectoryConnection
  tree: DirectoryTree
  memory: DirectoryMemory
  /**
   * Told of changes, those that end access first. They count as told when it resolves; when it rejects they are told
   * again, so telling twice must do no harm.
   */
  onChanges: (changes: readonly DirectoryChange[]) => Promise<void>
  onState?: (state: WatchState) => void
  /** How often the directory is asked whether anything changed, in milliseconds. Default 100. */
  pollIntervalMs?: number
  /** How often everything is read and compared, in milliseconds. Default 60,000. */
  fullReadIntervalMs?: number
  /** Milliseconds since the epoch. */
  clock?: () => number
}

export interface DirectoryWatch {
  state(): WatchState
  /** Resolves when nothing is asked any more. */
  stop(): Promise<void>
}

/** An unexplained change, such as a removal, is looked into at once while that costs less than this part of the time. */
const fullReadShare = 1 / 20

/**
 * Watches an Active Directory for access that has ended and permissions that have changed.
 *
 * Asks one domain controller for its `highestCommittedUSN`, and for the objects behind it when that has moved: the way
 * that needs no rights but to read. Whoever was removed leaves nothing to be read; so a move that no person and no group
 * explains is answered by reading everybody, as is a change of the domain controller.
 *
 * It connects by itself and goes on when the directory was away. Nothing is written.
 */
export function watchDirectory(options: WatchOptions): DirectoryWatch {
  const { connection, tree, memory, onChanges, onState } = options
  const { pollIntervalMs = 100, fullReadIntervalMs = 60_000, clock = Date.now } = options
  const known = memory.load()
  const people = new Map<string, DirectoryPerson>()
  const groups = new Map<string, DirectoryGroup>()
  let groupsOf: (dn: string) => string[] = () => []
  let client: Client | undefined
  let position: DirectoryPosition | undefined
  let fullReadAtMs = Number.NEGATIVE_INFINITY
  let fullReadTookMs = 0
  let isUnexplained = false
  /** What was read has yet to be compared and told. */
  let isToTell = false
  let nextExpiryMs = Number.POSITIVE_INFINITY
  let state: WatchState = { currentAtMs: undefined, error: undefined }
  const stopping = new AbortController()
  const stopped = run()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAtMs = clock()
      try {
        await look(startedAtMs)
        note({ currentAtMs: startedAtMs, error: undefined })
      } catch (error) {
        await client?.unbind().catch(() => {})
        client = undefined
        note({ ...state, error: error instanceof Error ? error.message : String(error) })
      }
      await delay(pollIntervalMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
    await client?.unbind().catch(() => {})
  }

  function note(next: WatchState): void {
    const isNews = next.error !== state.error || (state.currentAtMs === undefined) !== (next.currentAtMs === undefined)
    state = next
    if (isNews && !stopping.signal.aborted) onState?.(next)
  }

  async function look(nowMs: number): Promise<void> {
    client ??= await connectDirectory(connection)
    const newest = await readPosition(client)
    const isElsewhere = position?.controller !== newest.controller || newest.usn < position.usn
    const sinceFullReadMs = nowMs - fullReadAtMs
    const isDue =
      sinceFullReadMs >= fullReadIntervalMs || (isUnexplained && sinceFullReadMs * fullReadShare >= fullReadTookMs)
    if (isElsewhere || isDue) await readAll(client, nowMs)
    else if (newest.usn !== position?.usn) await readNew(client, position?.usn ?? 0, nowMs)
    if (isToTell || nextExpiryMs <= nowMs) await tell(dueOf(nowMs))
    isToTell = false
    // Only now: whoever was to be told of and was not is read again.
    position = newest
  }

  async function readAll(from: Client, nowMs: number): Promise<void> {
    const [newPeople, newGroups] = [await readPeople(from, tree, 0, nowMs), await readGroups(from, tree, 0)]
    // A directory without anybody looks like this too: rather nothing is known than that everybody was removed.
    if (newPeople.length === 0 && known.size > 0)
      throw new Error(`the directory shows nobody below ${tree.peopleDn}: may ${connection.bindDn} still read there?`)
    people.clear()
    groups.clear()
    takeIn(newPeople, newGroups)
    fullReadAtMs = nowMs
    fullReadTookMs = clock() - nowMs
    isUnexplained = false
  }

  async function readNew(from: Client, since: number, nowMs: number): Promise<void> {
    const changedPeople = await readPeople(from, tree, since, nowMs)
    const changedGroups = await readGroups(from, tree, since)
    // Members are named by their distinguished names: after a move all groups have to be read again.
    const hasMoved = [...changedPeople, ...changedGroups].some(
      ({ id, dn }) => ((people.get(id) ?? groups.get(id))?.dn ?? dn) !== dn,
    )
    if (hasMoved) return readAll(from, nowMs)
    isUnexplained ||= changedPeople.length === 0 && changedGroups.length === 0
    takeIn(changedPeople, changedGroups)
  }

  function takeIn(changedPeople: DirectoryPerson[], changedGroups: DirectoryGroup[]): void {
    for (const person of changedPeople) people.set(person.id, person)
    for (const group of changedGroups) groups.set(group.id, group)
    if (changedGroups.length > 0) groupsOf = resolveMemberships(groups.values())
    isToTell = true
  }

  /** Who is another than was told. */
  function dueOf(nowMs: number): Map<string, KnownPerson | undefined> {
    const due = new Map<string, KnownPerson | undefined>()
    nextExpiryMs = Number.POSITIVE_INFINITY
    for (const [id, person] of people) {
      const { expiresAtMs = Number.POSITIVE_INFINITY } = person
      if (expiresAtMs > nowMs) nextExpiryMs = Math.min(nextExpiryMs, expiresAtMs)
      else if (person.state === 'active') person.state = 'account_expired'
      const now = rememberPerson(person, groupsOf(person.dn))
      if (JSON.stringify(known.get(id)) !== JSON.stringify(now)) due.set(id, now)
    }
    for (const id of known.keys()) if (!people.has(id)) due.set(id, undefined)
    return due
  }

  async function tell(due: Map<string, KnownPerson | undefined>): Promise<void> {
    if (due.size === 0) return
    const changes = [...due].flatMap(([id, now]) => findChange(id, known.get(id), now) ?? [])
    if (changes.length > 0) await onChanges(changes.sort((a, b) => a.kind.localeCompare(b.kind)))
    memory.save(due)
    for (const [id, now] of due) {
      if (now === undefined) known.delete(id)
      else known.set(id, now)
    }
  }

  return {
    state: () => state,
    async stop() {
      stopping.abort()
      await stopped
    },
  }
}
