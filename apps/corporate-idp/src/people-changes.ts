import type { CompanyDatabase } from './database.ts'
import type { Directory } from './directory/directory.ts'
import type { NewPerson, Person, PersonChange } from './directory/person.ts'
import type { ProviderState } from './provider/provider-state.ts'
import type { Dispatcher } from './signals/dispatcher.ts'
import type { Outbox } from './signals/outbox.ts'
import { type Change, everyKind, planSignals } from './signals/plan-signals.ts'
import type { SecurityEvents } from './signals/security-events.ts'
import type { Signal, SignalKind } from './signals/signal.ts'

export interface PeopleChangesOptions {
  database: CompanyDatabase
  directory: Directory
  providerState: ProviderState
  outbox: Outbox
  dispatcher: Dispatcher
  securityEvents: Pick<SecurityEvents, 'emit' | 'kick'>
  /** What is sent by itself with every change; the rest waits until somebody announces the person. */
  told: ReadonlySet<SignalKind>
  /** How long an answer waits for the first attempts, in milliseconds. Default 2000. */
  answerWithinMs?: number
}

/**
 * Changes people. The change, the end of the person's own sign-in state and the signals that are due because of it are
 * one transaction; the signals are sent from then on until Keycloak has taken them. Security events for receivers by stream are part of it too.
 */
export function createPeopleChanges(options: PeopleChangesOptions) {
  const { database, directory, providerState, outbox, dispatcher, securityEvents, told } = options
  const { answerWithinMs = 2000 } = options

  const record = database.transaction((person: Person, change: PersonChange, passwordHash?: string): number[] => {
    const ids: number[] = []
    if (change.active !== undefined) {
      directory.setActive(person.username, change.active)
      if (!change.active) providerState.endSignIns(person.subject)
      ids.push(...addSignals(person.username, change.active ? 'enable' : 'disable'))
    }
    if (change.profile !== undefined) {
      directory.setProfile(person.username, change.profile)
      ids.push(...addSignals(person.username, 'profile'))
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

  const recordNew = database.transaction((person: NewPerson, passwordHash: string): number[] => {
    directory.add(person, passwordHash)
    return addSignals(person.username, 'create')
  })

  const recordRemoval = database.transaction(({ username, subject }: Person): number[] => {
    const ids = addSignals(username, 'delete')
    providerState.endSignIns(subject)
    directory.remove(username, Date.now())
    return ids
  })

  const recordAnnouncement = database.transaction(({ username, active }: Person): number[] => {
    const changes: Change[] = active ? ['create', 'enable', 'groups'] : ['disable']
    return changes.flatMap((change) => addSignals(username, change, everyKind))
  })

  function addSignals(username: string, change: Change, kinds = told): number[] {
    const { supersede, reuse, add } = planSignals(change, outbox.pendingOf(username), kinds)
    for (const id of supersede) outbox.supersede(id)
    const added: number[] = []
    for (const { kind, after, afterAdded } of add) {
      const before = [...after, ...afterAdded.flatMap((index) => added[index] ?? [])]
      added.push(outbox.add(username, kind, before).id)
    }
    return [...reuse, ...added]
  }

  async function sent(ids: readonly number[]): Promise<Signal[]> {
    dispatcher.kick()
    securityEvents.kick()
    await dispatcher.firstAttempts(ids, answerWithinMs)
    return ids.flatMap((id) => outbox.find(id) ?? [])
  }

  return {
    /** Somebody begins. @throws {TakenError} */
    async add(person: NewPerson, password: string): Promise<Signal[]> {
      return sent(recordNew.immediate(person, await directory.hashPassword(password)))
    },

    /** Somebody is taken out: disabled everywhere, then deleted. */
    remove: (person: Person): Promise<Signal[]> => sent(recordRemoval.immediate(person)),

    /**
     * The company's own joiner-mover-leaver process: tells Keycloak and the resource servers what the directory says
     * about somebody, whatever the provider tells by itself.
     */
    announce: (person: Person): Promise<Signal[]> => sent(recordAnnouncement.immediate(person)),

    /**
     * Makes the change durable, sends its signals, and comes back when each was tried once or after `answerWithinMs`.
     *
     * @returns The person as she is now, and the state of each signal of this change.
     */
    async change(person: Person, change: PersonChange): Promise<{ person: Person; signals: Signal[] }> {
      const { password } = change
      const passwordHash = password === undefined ? undefined : await directory.hashPassword(password)
      const signals = await sent(record.immediate(person, change, passwordHash))
      return { person: directory.find(person.username) ?? person, signals }
    },
  }
}

export type PeopleChanges = ReturnType<typeof createPeopleChanges>
