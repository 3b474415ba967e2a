import type { CompanyDatabase } from './database.ts'
import type { Directory } from './directory/directory.ts'
import type { Person, PersonChange } from './directory/person.ts'
import type { ProviderState } from './provider/provider-state.ts'
import type { Dispatcher } from './signals/dispatcher.ts'
import type { Outbox } from './signals/outbox.ts'
import { type Change, planSignals } from './signals/plan-signals.ts'
import type { SecurityEvents } from './signals/security-events.ts'
import type { Signal } from './signals/signal.ts'

export interface PeopleChangesOptions {
  database: CompanyDatabase
  directory: Directory
  providerState: ProviderState
  outbox: Outbox
  dispatcher: Dispatcher
  securityEvents: Pick<SecurityEvents, 'emit' | 'kick'>
  /** How long an answer waits for the first attempts, in milliseconds. Default 2000. */
  answerWithinMs?: number
}

/**
 * Changes people. The change, the end of the person's own sign-in state and the signals that are due because of it are
 * one transaction; the signals are sent from then on until Keycloak has taken them. Security events for receivers by stream are part of it too.
 */
export function createPeopleChanges(options: PeopleChangesOptions) {
  const { database, directory, providerState, outbox, dispatcher, securityEvents, answerWithinMs = 2000 } = options

  const record = database.transaction((person: Person, change: PersonChange, passwordHash?: string): number[] => {
    const ids: number[] = []
    if (change.active !== undefined) {
      directory.setActive(person.username, change.active)
      if (!change.active) providerState.endSignIns(person.subject)
      ids.push(...addSignals(person.username, change.active ? 'enable' : 'disable'))
    }
    if (change.groups !== undefined) {
      directory.setGroups(person.username, change.groups)
      ids.push(...addSignals(person.username, 'groups'))
    }
    if (passwordHash !== undefined) {
      directory.setPasswordHash(person.username, passwordHash)
      providerState.endSignIns(person.subject)
      ids.push(...addSignals(person.username, 'password'))
    }
    securityEvents.emit(person, change)
    return ids
  })

  function addSignals(username: string, change: Change): number[] {
    const { supersede, reuse, add } = planSignals(change, outbox.pendingOf(username))
    for (const id of supersede) outbox.supersede(id)
    const added: number[] = []
    for (const { kind, after, afterAdded } of add) {
      const before = [...after, ...afterAdded.flatMap((index) => added[index] ?? [])]
      added.push(outbox.add(username, kind, before).id)
    }
    return [...reuse, ...added]
  }

  return {
    /**
     * Makes the change durable, sends its signals, and comes back when each was tried once or after `answerWithinMs`.
     *
     * @returns The person as she is now, and the state of each signal of this change.
     */
    async change(person: Person, change: PersonChange): Promise<{ person: Person; signals: Signal[] }> {
      const { password } = change
      const passwordHash = password === undefined ? undefined : await directory.hashPassword(password)
      const ids = record.immediate(person, change, passwordHash)
      dispatcher.kick()
      securityEvents.kick()
      await dispatcher.firstAttempts(ids, answerWithinMs)
      return {
        person: directory.find(person.username) ?? person,
        signals: ids.flatMap((id) => outbox.find(id) ?? []),
      }
    },
  }
}

export type PeopleChanges = ReturnType<typeof createPeopleChanges>
