/** Times are milliseconds of one clock, `performance.now()` of the process that records. */
export type HistoryEntry = TokenIssued | AccessEnded | AccessGivenBack | Call | Fault

/** A person signed in and holds an access token. */
export interface TokenIssued {
  kind: 'token'
  /** A name for it within the history, never the token. */
  token: string
  person: string
  /** When the sign-in began and when the token was there. */
  requestedAt: number
  receivedAt: number
}

/** Something was done that ends a person's access, or narrows it. */
export interface AccessEnded {
  kind: 'ended'
  person: string
  /** By which way out. */
  by: string
  /** `tokens`: every token that she holds; `token`: one of them; `permission`: what {@link Call.needs} `permission` asks for. */
  what: 'tokens' | 'token' | 'permission'
  /** With `what: 'token'`. */
  token?: string
  startedAt: number
  /** When whoever did it was told that it is done. */
  answeredAt: number
}

/** She was enabled again, or got the group back. */
export interface AccessGivenBack {
  kind: 'given_back'
  person: string
  what: AccessEnded['what']
  startedAt: number
  answeredAt: number
}

/** `denied`: the token; `forbidden`: what was asked for; `unavailable`: the server says that it cannot know; `failed`: anything else. */
export type Answer = 'allowed' | 'denied' | 'forbidden' | 'unavailable' | 'failed'

export interface Call {
  kind: 'call'
  replica: number
  token: string
  /** `presence`: any good token; `permission`: one whose person has the permission that `ended` takes away. */
  needs: 'presence' | 'permission'
  startedAt: number
  endedAt: number
  answer: Answer
  /** What came instead, with `failed`. */
  detail?: string
}

/** While it lasts, a replica may answer {@link Fault.mayAnswer} to anybody. */
export interface Fault {
  kind: 'fault'
  name: string
  /** Undefined: every replica. */
  replica?: number
  mayAnswer: Answer[]
  from: number
  until: number
}

/** Collects what happened. */
export interface Recorder {
  readonly entries: readonly HistoryEntry[]
  add(entry: HistoryEntry): void
}

export function createRecorder(): Recorder {
  const entries: HistoryEntry[] = []
  return { entries, add: (entry) => void entries.push(entry) }
}
