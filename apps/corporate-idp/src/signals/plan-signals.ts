import type { Provider } from '@mcp-identity/provider-dialects'
import { type Signal, type SignalKind, signalKinds } from './signal.ts'

export type Change = 'create' | 'profile' | 'delete' | 'disable' | 'enable' | 'groups' | 'password'

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

const disableEverywhere: PlannedSignal[] = [
  signal('scim_inactive'),
  signal('backchannel_logout'),
  { ...signal('admin_logout'), afterAdded: [0, 1] },
  signal('resource_server_logout'),
]

const disabling: readonly SignalKind[] = ['scim_inactive', 'backchannel_logout', 'admin_logout']

/** Every kind: what the leaver process sends, and what is sent by itself where that process is built in. */
export const everyKind: ReadonlySet<SignalKind> = new Set(Object.keys(signalKinds) as SignalKind[])

/** What an IdP sends that may change no accounts of Keycloak. */
export const kindsWithoutProvisioning: ReadonlySet<SignalKind> = new Set([
  'backchannel_logout',
  'resource_server_logout',
])

/**
 * What a provider sends by itself where Keycloak stands behind it. Directories that tell less, or later, leave the rest to
 * the company's own process, which announces people ({@link everyKind}).
 */
export function kindsToldBy({ name, tells }: Pick<Provider, 'name' | 'tells'>): ReadonlySet<SignalKind> {
  if (name === 'generic') return everyKind
  const atOnce = new Set(tells.filter(({ when }) => when === 'at once').map(({ by }) => by))
  return new Set<SignalKind>([
    ...(atOnce.has('SCIM') ? scimKinds : []),
    ...(atOnce.has('logout token') ? (['backchannel_logout'] as const) : []),
  ])
}

const scimKinds = ['scim_person', 'scim_delete', 'scim_inactive', 'scim_active', 'scim_groups'] as const

/**
 * Which signals a change of one person needs, given those that are still pending for her, as far as `told` has them.
 *
 * Resource servers hear of a disable straight from here too, beside Keycloak and waiting for nothing: that is the
 * shortest way. It is no reason to hold up an enable, since they hear of it from Keycloak as well; and one that comes
 * after the enable would end what is new, so the enable drops it.
 *
 * A disable drops an enable that was not sent yet, and its logout comes last, so that the not-before covers every token
 * that was issued while the other two were under way. An enable waits for all of a disable: otherwise old tokens would
 * live again. Group memberships are sent as they are at that moment, so a new change replaces a pending one.
 */
export function planSignals(
  change: Change,
  pending: readonly Signal[],
  told: ReadonlySet<SignalKind> = everyKind,
): PlannedSignals {
  return only(told, planEverySignal(change, pending))
}

function planEverySignal(change: Change, pending: readonly Signal[]): PlannedSignals {
  const ids = (...kinds: readonly SignalKind[]) =>
    pending.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id)
  // Her account comes first; memberships of nobody would be dropped.
  if (change === 'groups')
    return { supersede: ids('scim_groups'), reuse: [], add: [signal('scim_groups', ids('scim_person'))] }
  if (change === 'profile')
    return { supersede: ids('scim_person'), reuse: [], add: [signal('scim_person', ids('scim_person'))] }
  if (change === 'create')
    return { supersede: [], reuse: [], add: [signal('scim_person'), { ...signal('scim_groups'), afterAdded: [0] }] }
  if (change === 'password') return { supersede: [], reuse: [], add: afterNewPassword }
  if (change === 'enable') {
    const reuse = ids('scim_active')
    const add = reuse.length > 0 ? [] : [signal('scim_active', ids(...disabling))]
    return { supersede: ids('resource_server_logout'), reuse, add }
  }
  if (change === 'delete') {
    const leave = planEverySignal('disable', pending)
    const gone = { ...signal('scim_delete', leave.reuse), afterAdded: leave.add.map((_, index) => index) }
    return {
      supersede: [...leave.supersede, ...ids('scim_person', 'scim_groups')],
      reuse: leave.reuse,
      add: [...leave.add, gone],
    }
  }
  // A disable that is being sent does the work, also one that an enable was waiting for. Logouts alone are of a new password.
  const underWay = ids(...disabling)
  const isBeingSent = ids('scim_inactive').length > 0 || (ids('scim_active').length > 0 && underWay.length > 0)
  const told = ids('resource_server_logout')
  if (isBeingSent) return { supersede: ids('scim_active'), reuse: [...underWay, ...told], add: [] }
  // What resource servers have yet to hear is dated before this change.
  return { supersede: [...ids('scim_active'), ...told], reuse: [], add: disableEverywhere }
}

/** Leaves out what is not told; what came after it waits for nothing in its place. */
function only(told: ReadonlySet<SignalKind>, { supersede, reuse, add }: PlannedSignals): PlannedSignals {
  const kept = add.filter(({ kind }) => told.has(kind))
  return {
    supersede,
    reuse,
    add: kept.map((planned) => ({
      ...planned,
      afterAdded: planned.afterAdded
        .flatMap((index) => add[index] ?? [])
        .map((earlier) => kept.indexOf(earlier))
        .filter((index) => index >= 0),
    })),
  }
}

function signal(kind: SignalKind, after: number[] = []): PlannedSignal {
  return { kind, after, afterAdded: [] }
}
