import type { Signal, SignalKind } from './signal.ts'

export type Change = 'disable' | 'enable' | 'groups' | 'password'

export interface PlannedSignals {
  /** Pending signals that the change makes pointless. */
  supersede: number[]
  /** Pending signals that already say what the change says. */
  reuse: number[]
  add: PlannedSignal[]
}

export interface PlannedSignal {
  kind: SignalKind
  /** Pending signals that come first, by id. */
  after: number[]
  /** New signals that come first, by their place in `add`. */
  afterAdded: number[]
}

/** Whoever signed in with the old password is signed out, also where no session is behind a token. She stays active. */
const afterNewPassword: PlannedSignal[] = [
  signal('backchannel_logout'),
  { ...signal('admin_logout'), afterAdded: [0] },
  signal('resource_server_logout'),
]

const disabling: readonly SignalKind[] = ['scim_inactive', 'backchannel_logout', 'admin_logout']

/**
 * Which signals a change of one person needs, given those that are still pending for her.
 *
 * Resource servers hear of a disable straight from here too, beside Keycloak and waiting for nothing: that is the
 * shortest way. It is no reason to hold up an enable, since they hear of it from Keycloak as well; and one that comes
 * after the enable would end what is new, so the enable drops it.
 *
 * A disable drops an enable that was not sent yet, and its logout comes last, so that the not-before covers every token
 * that was issued while the other two were under way. An enable waits for all of a disable: otherwise old tokens would
 * live again. Group memberships are sent as they are at that moment, so a new change replaces a pending one.
 */
export function planSignals(change: Change, pending: readonly Signal[]): PlannedSignals {
  const ids = (...kinds: readonly SignalKind[]) =>
    pending.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id)
  if (change === 'groups') return { supersede: ids('scim_groups'), reuse: [], add: [signal('scim_groups')] }
  if (change === 'password') return { supersede: [], reuse: [], add: afterNewPassword }
  if (change === 'enable') {
    const reuse = ids('scim_active')
    const add = reuse.length > 0 ? [] : [signal('scim_active', ids(...disabling))]
    return { supersede: ids('resource_server_logout'), reuse, add }
  }
  // A disable that an enable was waiting for is not over yet, and so still does the work.
  const reuse = ids(...disabling)
  const told = ids('resource_server_logout')
  const logouts = [
    signal('scim_inactive'),
    signal('backchannel_logout'),
    { ...signal('admin_logout'), afterAdded: [0, 1] },
  ]
  return {
    supersede: ids('scim_active'),
    reuse: [...reuse, ...told],
    add: reuse.length > 0 ? [] : [...logouts, ...(told.length > 0 ? [] : [signal('resource_server_logout')])],
  }
}

function signal(kind: SignalKind, after: number[] = []): PlannedSignal {
  return { kind, after, afterAdded: [] }
}
