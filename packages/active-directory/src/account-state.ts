/** Whether the directory lets somebody in, and if not, why. */
export type AccountState =
  | 'active'
  | 'disabled'
  | 'locked'
  | 'account_expired'
  | 'password_expired'
  | 'no_member_of_staff'

/** The attributes of a person that say so, as LDAP gives them. Whatever is absent counts as zero. */
export interface AccountAttributes {
  userAccountControl?: string | undefined
  /** Computed by the domain controller at the moment of the search: locked out, password expired. */
  'msDS-User-Account-Control-Computed'?: string | undefined
  /** Intervals of 100 ns since 1601; 0 or 2^63 - 1: never. */
  accountExpires?: string | undefined
  /** The same; 0: the password has to be changed at the next sign-in. */
  pwdLastSet?: string | undefined
  /** The last part of the primary group's identifier; staff has `Domain Users`. */
  primaryGroupID?: string | undefined
}

/** The primary group of everybody who is somebody; guests and computers have others (MS-ADTS section 6.1.1.6). */
const domainUsersRid = 513

/** Bits of `userAccountControl` and of its computed companion (MS-ADTS sections 2.2.16, 3.1.1.4.5.17). */
const accountDisabled = 0x2
const lockedOut = 0x10
const passwordNeverExpires = 0x10000
const passwordExpired = 0x800000

const never = 9_223_372_036_854_775_807n

/** @param nowMs Milliseconds since the epoch. */
export function readAccountState(attributes: AccountAttributes, nowMs: number): AccountState {
  const control = Number(attributes.userAccountControl ?? 0)
  const computed = Number(attributes['msDS-User-Account-Control-Computed'] ?? 0)
  const expiresAtMs = readExpiry(attributes.accountExpires)
  if (control & accountDisabled) return 'disabled'
  if (Number(attributes.primaryGroupID ?? domainUsersRid) !== domainUsersRid) return 'no_member_of_staff'
  if (computed & lockedOut) return 'locked'
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return 'account_expired'
  const mustChange = BigInt(attributes.pwdLastSet ?? 0) === 0n && !(control & passwordNeverExpires)
  return mustChange || computed & passwordExpired ? 'password_expired' : 'active'
}

/** When the account expires, in milliseconds since the epoch; undefined: never. */
export function readExpiry(accountExpires: string | undefined): number | undefined {
  const value = BigInt(accountExpires ?? 0)
  return value === 0n || value === never ? undefined : fileTimeToMs(value)
}

/** Between 1601-01-01 and 1970-01-01. */
const epochDifferenceMs = 11_644_473_600_000

/** Intervals of 100 ns since 1601 as milliseconds since 1970. */
function fileTimeToMs(fileTime: bigint): number {
  return Number(fileTime / 10_000n) - epochDifferenceMs
}
