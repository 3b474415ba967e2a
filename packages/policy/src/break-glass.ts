import type { PolicyCaller } from './caller.ts'

/** An emergency that someone declared. */
export interface Emergency {
  declaredBy: string
  justification: string
  /** Seconds since the epoch. */
  endsAt: number
}

/** Where emergencies are kept; see `openFourEyesStore`. */
export interface EmergencyStore {
  declareEmergency(emergency: Emergency, now: number): Promise<void>
  endEmergency(declaredBy: string): Promise<void>
  /** One that has not ended. */
  emergencyOf(declaredBy: string, now: number): Emergency | undefined
  emergencies(now: number): Emergency[]
}

export interface BreakGlassOptions {
  store: EmergencyStore
  /** Seconds since the epoch. */
  clock: () => number
  /** Longest emergency. Default 1,800. */
  lifetimeSeconds?: number
  /** Puts it on record and wakes someone, before an emergency begins; what it rejects does not begin. */
  onEvent: (event: { action: 'emergency_declared' | 'emergency_ended'; emergency: Emergency }) => Promise<void>
}

/** Break-glass: a person declares an emergency for herself, says why, and has its permissions for a limited time. */
export interface BreakGlass {
  /** @throws {TypeError} Not a person, or no justification of 10 to 500 characters. */
  declare(caller: PolicyCaller, justification: string): Promise<Emergency>
  /** Ends it at once; it is on record when this resolves. */
  end(caller: PolicyCaller): Promise<void>
  isOpenFor(caller: PolicyCaller): boolean
  open(): Emergency[]
}

export function createBreakGlass({ store, clock, lifetimeSeconds = 1800, onEvent }: BreakGlassOptions): BreakGlass {
  return {
    async declare(caller, justification) {
      if (caller.kind !== 'person') throw new TypeError('only a person can declare an emergency')
      const said = justification.trim()
      if (said.length < 10 || said.length > 500) throw new TypeError('say why, in 10 to 500 characters')
      const emergency = { declaredBy: identityOf(caller), justification: said, endsAt: clock() + lifetimeSeconds }
      await onEvent({ action: 'emergency_declared', emergency })
      await store.declareEmergency(emergency, clock())
      return emergency
    },
    async end(caller) {
      const emergency = store.emergencyOf(identityOf(caller), clock())
      if (emergency === undefined) return
      await store.endEmergency(emergency.declaredBy)
      await onEvent({ action: 'emergency_ended', emergency: { ...emergency, endsAt: clock() } })
    },
    isOpenFor: (caller) => caller.kind === 'person' && store.emergencyOf(identityOf(caller), clock()) !== undefined,
    open: () => store.emergencies(clock()),
  }
}

function identityOf({ issuer, subject }: PolicyCaller): string {
  return `${issuer} ${subject}`
}
