import type { CutOffCause, Signal } from '../signal.ts'
import type { TokenNames } from './transmitter.ts'

type Event = Readonly<Record<string, unknown>>
/** What an event does to the tokens that its subject names. */
type Effect = { kind: 'cut_off'; cause: CutOffCause } | { kind: 'permissions_changed' } | { kind: 'nothing' }

const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'

const deviceComplianceChange = `${caep}device-compliance-change`

const cutOff = (cause: CutOffCause) => (): Effect => ({ kind: 'cut_off', cause })
const nothing = (): Effect => ({ kind: 'nothing' })

/** CAEP 1.0 and RISC 1.0 events that concern access tokens. Others are acknowledged and do nothing. */
const effects: Readonly<Record<string, (event: Event) => Effect>> = {
  [`${caep}session-revoked`]: cutOff('session_revoked'),
  [`${caep}token-claims-change`]: () => ({ kind: 'permissions_changed' }),
  [`${caep}credential-change`]: ({ change_type: change }) =>
    change === 'create' ? nothing() : { kind: 'cut_off', cause: 'credential_changed' },
  [`${caep}assurance-level-change`]: ({ change_direction: direction }) =>
    direction === 'increase' ? nothing() : { kind: 'cut_off', cause: 'assurance_level_changed' },
  // A device names no token; the person whom a complex subject names beside it has to come with one that complies.
  [deviceComplianceChange]: ({ current_status: status }) =>
    status === 'compliant' ? nothing() : { kind: 'cut_off', cause: 'device_not_compliant' },
  [`${risc}account-disabled`]: cutOff('account_disabled'),
  [`${risc}account-purged`]: cutOff('account_deleted'),
  [`${risc}sessions-revoked`]: cutOff('session_revoked'),
  [`${risc}credential-compromise`]: cutOff('credential_changed'),
  [`${risc}account-credential-change-required`]: cutOff('credential_changed'),
  [`${risc}identifier-changed`]: cutOff('identity_changed'),
  [`${risc}identifier-recycled`]: cutOff('identity_changed'),
  // Nothing revives a token: who was enabled again gets new ones.
  [`${risc}account-enabled`]: nothing,
}

/** Events about the stream rather than about anybody's access. */
export const streamEvents = { verification: `${ssf}verification`, streamUpdated: `${ssf}stream-updated` } as const

/** Whether the subject of this event may be a session alone. */
export function isAboutSession(type: string): boolean {
  return type === `${caep}session-revoked`
}

/** Whether an event changes anything here, so that its subject has to be read. */
export function isEffective(type: string, event: Event, subject: unknown): boolean {
  if (type === deviceComplianceChange && !namesPerson(subject)) return false
  return Object.hasOwn(effects, type) && effects[type]?.(event).kind !== 'nothing'
}

function namesPerson(subject: unknown): boolean {
  return typeof subject === 'object' && subject !== null && ('user' in subject || 'session' in subject)
}

/**
 * What one event means for the tokens that its subject names.
 *
 * @param notBefore Seconds since the epoch, see `effectiveTime`.
 */
export function readSecurityEvent(
  type: string,
  event: Event,
  names: readonly TokenNames[],
  notBefore: number,
): Signal[] {
  const effect = Object.hasOwn(effects, type) ? (effects[type]?.(event) ?? nothing()) : nothing()
  if (effect.kind === 'nothing') return []
  if (effect.kind === 'cut_off')
    return names.map((name) => ({ kind: 'cut_off', ...name, notBefore, cause: effect.cause }))
  return names.map(({ issuer, subject }) => ({ kind: 'permissions_changed', issuer, subject, changedAt: notBefore }))
}

/**
 * When an event happened by the transmitter's clock, in seconds since the epoch: as the event says (`event_timestamp`, CAEP
 * 1.0 section 2), else the message (`toe`, RFC 8417 section 2.2), and never later than the message was signed, which is all
 * that is known where neither does.
 */
export function timeOfEvent({ event_timestamp: stated }: Event, { toe, iat }: { toe?: unknown; iat: number }): number {
  return Math.min(iat, readTime(stated) ?? readTime(toe) ?? iat)
}

function readTime(stated: unknown): number | undefined {
  return typeof stated === 'number' && Number.isFinite(stated) && stated > 0 ? inSeconds(stated) : undefined
}

/** Some transmitters state milliseconds. */
function inSeconds(stated: number): number {
  return stated > 100_000_000_000 ? stated / 1000 : stated
}
