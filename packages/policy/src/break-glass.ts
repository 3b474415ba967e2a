import type { PolicyCaller } from './caller.ts'

/** An emergency that someone declared. */
export interface Emergency {
  declaredBy: string
  justification: string
  /** Seconds since the epoch. */
  endsAt: number
}

export interface BreakGlassOptions {
  /** Seconds since the epoch. */
  clock: () => number
  /** Longest emergency. Default 1,800. */
  lifetimeSeconds?: number
  /** Told before an emergency begins or ends, for the audit log and to wake someone; if it throws, nothing begins. */
  onEvent: (event: { action: 'emergency_declared' | 'emergency_ended'; emergency: Emergency }) => void
}

/** Break-glass: a person declares an emergency for herself, says why, and has its permissions for a limited time. */
export interface BreakGlass {
  /** @throws {TypeError} Not a person, or no justification of 10 to 500 characters. */
  declare(caller: PolicyCaller, justification: string): Emergency
  end(caller: PolicyCaller): void
  isOpenFor(caller: PolicyCaller): boolean
  open(): Emergency[]
}

export function createBreakGlass({ clock, lifetimeSeconds = 1800, onEvent }: BreakGlassOptions): BreakGlass {
  const emergencies = new Map<string, Emergency>()

  function current(caller: PolicyCaller): Emergency | undefined {
    const key = identityOf(caller)
    const emergency = emergencies.get(key)
    if (emergency === undefined || emergency.endsAt > clock()) return emergency
    emergencies.delete(key)
    return undefined
  }

  return {
    declare(caller, justification) {
      if (caller.kind !== 'person') throw new TypeError('only a person can declare an emergency')
      const said = justification.trim()
      if (said.length < 10 || said.length > 500) throw new TypeError('say why, in 10 to 500 characters')
      const declaredBy = identityOf(caller)
      const emergency = { declaredBy, justification: said, endsAt: clock() + lifetimeSeconds }
      onEvent({ action: 'emergency_declared', emergency })
      emergencies.set(declaredBy, emergency)
      return emergency
    },
    end(caller) {
      const emergency = current(caller)
      if (emergency === undefined) return
      emergencies.delete(emergency.declaredBy)
      onEvent({ action: 'emergency_ended', emergency: { ...emergency, endsAt: clock() } })
    },
    isOpenFor: (caller) => caller.kind === 'person' && current(caller) !== undefined,
    open: () => [...emergencies.values()].filter(({ endsAt }) => endsAt > clock()),
  }
}

function identityOf({ issuer, subject }: PolicyCaller): string {
  return `${issuer} ${subject}`
}
