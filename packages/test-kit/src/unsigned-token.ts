import { assembleToken } from './assemble-token.ts'
import type { TestKey } from './test-keys.ts'

/** A token before it is signed. */
export interface UnsignedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly key: TestKey
  /** Algorithm the bytes are signed with; the header is not asked. */
  readonly algorithm: string
  /** Issued at, in seconds since the epoch. */
  readonly now: number
}

/** Signs a token as it is. Members that are `undefined` are left out. */
export function signToken({ header, claims, key, algorithm }: UnsignedToken): string {
  return assembleToken({ header, payload: claims, key, algorithm })
}
