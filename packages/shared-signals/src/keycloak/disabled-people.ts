import type { Signal } from '../signal.ts'

/**
 * Who is disabled, as far as Keycloak's events told, or an earlier comparison. Whoever else is found disabled is cut off by
 * the time of the comparison, for want of a better one; doing so to those whose event is dated would end what they are given
 * when they are enabled again a moment later.
 */
export interface DisabledPeople {
  /** @param timeMs Of the event. An older event than the last about a person changes nothing. */
  learn(signal: Signal, timeMs: number): void
  /** Those of a list of everybody who is disabled, made at that moment, of whom nothing told. */
  untold(disabled: ReadonlySet<string>, atMs: number): string[]
  /** Takes over such a list. What events told since counts. */
  compared(disabled: ReadonlySet<string>, atMs: number): void
  /** Forgets who was enabled before that: no older event about them is read any more. */
  forgetEnabled(beforeMs: number): void
}

export function createDisabledPeople(): DisabledPeople {
  const people = new Map<string, { isDisabled: boolean; timeMs: number }>()

  function untold(disabled: ReadonlySet<string>, atMs: number): string[] {
    return [...disabled].filter((subject) => {
      const known = people.get(subject)
      return known === undefined || (!known.isDisabled && known.timeMs < atMs)
    })
  }

  return {
    learn(signal, timeMs) {
      const isDisabled = disables(signal)
      const { subject } = signal
      if (isDisabled === undefined || subject === undefined) return
      if (timeMs >= (people.get(subject)?.timeMs ?? 0)) people.set(subject, { isDisabled, timeMs })
    },
    untold,
    compared(disabled, atMs) {
      for (const [subject, { isDisabled, timeMs }] of people)
        if (isDisabled && timeMs < atMs && !disabled.has(subject)) people.delete(subject)
      for (const subject of untold(disabled, atMs)) people.set(subject, { isDisabled: true, timeMs: atMs })
    },
    forgetEnabled(beforeMs) {
      for (const [subject, { isDisabled, timeMs }] of people)
        if (!isDisabled && timeMs < beforeMs) people.delete(subject)
    },
  }
}

/** Undefined where a signal says nothing about it. */
function disables(signal: Signal): boolean | undefined {
  if (signal.kind === 'cut_off') return signal.cause === 'account_disabled' ? true : undefined
  return signal.cause === 'account_active' ? false : undefined
}
