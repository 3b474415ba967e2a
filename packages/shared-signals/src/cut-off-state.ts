import { randomBytes } from 'node:crypto'
import { CutOffTable } from './cut-off-table.ts'
import { KeyedHash } from './keyed-hash.ts'
import type { CutOff, CutOffCause, PermissionsChange, Signal, TokenFacts } from './signal.ts'
import { cutOffCauses, memberOf, namedMembers } from './signal.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import { within } from './within.ts'

export interface CutOffStateOptions {
  /** Now, in seconds since the epoch. Default: the system clock. */
  clock?: () => number
  /**
   * How long an entry is kept, in seconds: the longest life of an access token plus the accepted clock difference.
   * Shorter, and a token would outlive its cut-off. 1 to 31,536,000.
   */
  retentionSeconds: number
  /**
   * Most entries held at once, 1,000 to 50,000,000. Default 2,000,000, which takes 54 MB. One more does not push an
   * older one out: everything held becomes one cut-off for each issuer, so clients have to refresh.
   */
  maxEntries?: number
}

export interface CutOffState {
  /**
   * Takes a cut-off in. It never moves back: an older one, or one that is known, changes nothing.
   *
   * @returns whether anything changed.
   * @throws {TypeError} `notBefore` is not a finite number of seconds at or above 0, or a member is empty.
   */
  cutOff(entry: CutOff): boolean
  /** Takes in that permissions changed; the same rules. */
  changePermissions(change: PermissionsChange): boolean
  /** Takes in either kind. */
  apply(signal: Signal): boolean
  /** Why this token must be refused, or undefined. Synchronous, allocates nothing, asks nobody. */
  reasonRefused(token: TokenFacts): CutOffCause | undefined
  /**
   * Whether permissions may have changed after this token was issued, so that its scopes and groups must be asked for
   * again.
   *
   * @param groups The groups the token names; undefined when the token does not say, which counts as all of them.
   */
  permissionsChangedSince(token: TokenFacts, groups: readonly string[] | undefined): boolean
  /**
   * Calls back after each signal that changed something, and after every change of permissions: times are whole seconds,
   * and a second change within one is news although the state stays as it is.
   *
   * @returns a function that ends it.
   */
  subscribe(listener: (signal: Signal) => void): () => void
  /** Entries held now, those past retention included until they are swept. */
  readonly size: number
  /** Bytes held by the table. */
  readonly bytes: number
  /** The whole state, to be read by {@link CutOffState.import} of this version. Identifiers are in it as keyed hashes only. */
  export(): Uint8Array
  /** Merges a snapshot into a state that has not taken in anything yet. @throws {TypeError} Not a snapshot, or too late. */
  import(snapshot: Uint8Array): void
}

const kinds = {
  issuer: 0,
  subject: 1,
  sessionId: 2,
  tokenId: 3,
  clientId: 4,
  'subject+clientId': 5,
  'sessionId+clientId': 6,
  permissions: 7,
  'permissions+subject': 8,
  'permissions+group': 9,
  email: 10,
} as const

type Kind = keyof typeof kinds

const kindCount = 16
const latestTime = 0xffffffff

/**
 * Remembers up to when tokens are refused: by issuer, subject, session, token and client (DESIGN: cut-off feed).
 *
 * In memory only; see `openCutOffStore` for one that a restart does not empty. Holds 13 bytes a slot, about 30 bytes an
 * entry at worst; a look-up takes well under a microsecond.
 *
 * @throws {TypeError} A setting is out of bounds.
 */
export function createCutOffState(options: CutOffStateOptions): CutOffState {
  const { clock = () => Date.now() / 1000, maxEntries = 2_000_000 } = options
  const retentionSeconds = within('retentionSeconds', options.retentionSeconds, 1, 31_536_000)
  within('maxEntries', maxEntries, 1_000, 50_000_000)

  let hashKey = new Uint32Array(new Uint8Array(randomBytes(8)).buffer)
  let hash = new KeyedHash(hashKey)
  let table = new CutOffTable()
  let issuers = new Map<string, number>()
  /** Which kinds were ever used: a look-up skips the others. */
  let usedKinds = 0
  const listeners = new Set<(signal: Signal) => void>()

  function cutOff(entry: CutOff): boolean {
    const members = namedMembers(entry)
    const kind = (members.length === 0 ? 'issuer' : members.join('+')) as Kind
    const [first = '', second = ''] = members.map((member) => named(member, memberOf(entry, member)))
    return raise(kind, entry.issuer, first, second, entry.notBefore, cutOffCauses.indexOf(entry.cause))
  }

  function changePermissions(change: PermissionsChange): boolean {
    if (change.subject !== undefined) {
      return raise('permissions+subject', change.issuer, named('subject', change.subject), '', change.changedAt, 0)
    }
    if (change.group !== undefined) {
      return raise('permissions+group', change.issuer, named('group', change.group), '', change.changedAt, 0)
    }
    return raise('permissions', change.issuer, '', '', change.changedAt, 0)
  }

  function raise(kind: Kind, issuer: string, first: string, second: string, at: number, mark: number): boolean {
    const time = wholeSeconds(at)
    if (mark < 0) throw new TypeError('"cause" must be one of the known causes')
    if (table.isFull) makeRoom()
    hash.update(prefixOf(kind, internIssuer(issuer)), first, second)
    usedKinds |= 1 << kinds[kind]
    return table.raise(hash.low, hash.high, time, mark)
  }

  function makeRoom(): void {
    table = table.rebuilt(Math.max(0, Math.floor(clock()) - retentionSeconds))
    if (table.size >= maxEntries) collapse()
  }

  /** Too much to remember one by one: refuse everything up to the latest cut-off, of each issuer. Errs on the safe side only. */
  function collapse(): void {
    let latest = 0
    table.each((_low, _high, time) => {
      if (time > latest) latest = time
    })
    table = new CutOffTable()
    for (const issuer of [...issuers.keys()]) {
      raise('issuer', issuer, '', '', latest, cutOffCauses.indexOf('table_full'))
      tell({ kind: 'cut_off', issuer, notBefore: latest, cause: 'table_full' })
    }
  }

  function reasonRefused(token: TokenFacts): CutOffCause | undefined {
    const issuer = issuers.get(token.issuer)
    if (issuer === undefined) return undefined
    const issuedAt = Math.floor(token.issuedAt ?? 0)
    const mark =
      refusing('subject', issuer, token.subject, '', issuedAt) ??
      refusing('sessionId', issuer, token.sessionId, '', issuedAt) ??
      refusing('tokenId', issuer, token.tokenId, '', issuedAt) ??
      refusing('issuer', issuer, '', '', issuedAt) ??
      refusingEmail(issuer, token, issuedAt) ??
      refusing('clientId', issuer, token.clientId, '', issuedAt) ??
      refusing('sessionId+clientId', issuer, token.sessionId, token.clientId, issuedAt) ??
      refusing('subject+clientId', issuer, token.subject, token.clientId, issuedAt)
    return mark === undefined ? undefined : cutOffCauses[mark]
  }

  function permissionsChangedSince(token: TokenFacts, groups: readonly string[] | undefined): boolean {
    const issuer = issuers.get(token.issuer)
    if (issuer === undefined) return false
    const issuedAt = Math.floor(token.issuedAt ?? 0)
    if (refusing('permissions', issuer, '', '', issuedAt) !== undefined) return true
    if (refusing('permissions+subject', issuer, token.subject, '', issuedAt) !== undefined) return true
    if ((usedKinds & (1 << kinds['permissions+group'])) === 0) return false
    return (
      groups === undefined ||
      groups.some((group) => refusing('permissions+group', issuer, group, '', issuedAt) !== undefined)
    )
  }

  function refusingEmail(issuer: number, token: TokenFacts, issuedAt: number): number | undefined {
    if ((usedKinds & (1 << kinds.email)) === 0) return undefined
    return refusing('email', issuer, memberOf(token, 'email'), '', issuedAt)
  }

  /** The mark of the entry that stands at or after `issuedAt`. */
  function refusing(
    kind: Kind,
    issuer: number,
    first: string | undefined,
    second: string | undefined,
    issuedAt: number,
  ): number | undefined {
    if ((usedKinds & (1 << kinds[kind])) === 0 || first === undefined || second === undefined) return undefined
    hash.update(prefixOf(kind, issuer), first, second)
    const slot = table.find(hash.low, hash.high)
    return slot !== -1 && issuedAt <= table.timeAt(slot) ? table.markAt(slot) : undefined
  }

  function apply(signal: Signal): boolean {
    const changed = signal.kind === 'cut_off' ? cutOff(signal) : changePermissions(signal)
    // Whoever asked about a person after one change has to ask again after the next, though both fell in one second.
    if (changed || signal.kind === 'permissions_changed') tell(signal)
    return changed
  }

  function tell(signal: Signal): void {
    for (const listener of listeners) listener(signal)
  }

  function internIssuer(issuer: string): number {
    const known = issuers.get(issuer)
    if (known !== undefined) return known
    issuers.set(named('issuer', issuer), issuers.size)
    return issuers.size - 1
  }

  return {
    cutOff: (entry) => apply({ kind: 'cut_off', ...entry }),
    changePermissions: (change) => apply({ kind: 'permissions_changed', ...change }),
    apply,
    reasonRefused,
    permissionsChangedSince,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get size() {
      return table.size
    },
    get bytes() {
      return table.bytes
    },
    export: () => writeSnapshot({ hashKey, usedKinds, issuers: [...issuers.keys()], table }),
    import(bytes) {
      if (table.size > 0) throw new TypeError('a snapshot can only be read into a state that is still empty')
      const snapshot = readSnapshot(bytes)
      hashKey = snapshot.hashKey
      hash = new KeyedHash(hashKey)
      usedKinds = snapshot.usedKinds
      issuers = new Map(snapshot.issuers.map((issuer, index) => [issuer, index]))
      table = snapshot.table.rebuilt(Math.max(0, Math.floor(clock()) - retentionSeconds))
    },
  }
}

function prefixOf(kind: Kind, issuer: number): number {
  return issuer * kindCount + kinds[kind]
}

/** Times beyond the year 2106 stand for "whenever issued". */
function wholeSeconds(at: number): number {
  if (!Number.isFinite(at) || at < 0) throw new TypeError('a cut-off needs its time in seconds since the epoch')
  return Math.min(Math.floor(at), latestTime)
}

function named(member: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new TypeError(`"${member}" of a signal must not be empty`)
  return value
}
