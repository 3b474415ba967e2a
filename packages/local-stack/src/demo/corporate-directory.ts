import { setTimeout } from 'node:timers/promises'

/** What the directory administrator can do to a person through the corporate IdP's admin API. */
export interface CorporateDirectory {
  disable(username: string): Promise<DirectoryAnswer>
  /** Resolves when Keycloak knows. */
  enable(username: string): Promise<DirectoryAnswer>
  /** Resolves when the admin API has answered, as {@link CorporateDirectory.disable} does. */
  changeGroups(username: string, groups: string[]): Promise<DirectoryAnswer>
  /** Resolves when Keycloak knows. */
  setGroups(username: string, groups: string[]): Promise<DirectoryAnswer>
  /** Resolves when Keycloak has ended her sessions. */
  resetPassword(username: string, password: string): Promise<DirectoryAnswer>
  groupsOf(username: string): Promise<string[]>
  /**
   * Runs the company's own joiner-mover-leaver process for one person: Keycloak and the resource servers hear what the
   * directory says about her, whatever its provider tells by itself. Resolves when the admin API has answered.
   */
  announce(username: string): Promise<DirectoryAnswer>
  /** Resolves when nothing about her is left to be told. */
  settle(username: string): Promise<void>
  /** Signs with a new key from now on; the one before it stays published. */
  rotateSigningKey(): Promise<void>
  /** Compares everybody with Keycloak; see the admin API. */
  reconcile(options: ReconcileOptions): Promise<ReconcileReport>
  /** Lets go of the connection, where there is one. */
  close(): Promise<void>
}

export interface ReconcileOptions {
  /** Finds, and changes nothing. */
  dryRun: boolean
  /** User names whose accounts are linked on purpose. */
  link?: readonly string[]
  /** More removals than this are refused. Default 10. */
  mostRemovals?: number
}

/** How the directory and Keycloak differed. */
export interface ReconcileReport {
  people: number
  accounts: number
  drift: {
    kind: string
    username: string
    state: 'found' | 'mended' | 'failed' | 'refused' | 'left'
    group?: string
    profile?: Record<string, string>
    problem?: string
  }[]
}

interface PersonAnswer {
  groups?: string[]
  /** What Keycloak has yet to hear about this person. */
  signals?: unknown[]
}

export interface DirectoryAnswer {
  /** Milliseconds until the admin API answered. */
  tookMs: number
}

const settleWithinMs = 10_000
const pollEveryMs = 50

/**
 * Speaks to the corporate IdP's admin API as IT would.
 *
 * @param adminSecret The development bearer of `.local/stack.json`; real administrators present an access token.
 */
export function openCorporateDirectory(corporateIdpUrl: string, adminSecret: string): CorporateDirectory {
  async function send(path: string, init: RequestInit): Promise<unknown> {
    const response = await fetch(new URL(`/admin${path}`, corporateIdpUrl), {
      ...init,
      headers: { authorization: `Bearer ${adminSecret}`, 'content-type': 'application/json' },
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`the corporate IdP answered ${response.status} at ${path}: ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }

  async function request(username: string, init: RequestInit, part = '') {
    const startedAt = performance.now()
    const person = (await send(`/people/${encodeURIComponent(username)}${part}`, init)) as PersonAnswer
    return { person, tookMs: performance.now() - startedAt }
  }
  const patch = (username: string, change: object): Promise<DirectoryAnswer> =>
    request(username, { method: 'PATCH', body: JSON.stringify(change) })

  /** Signals that wait for others, or for their time, are sent after the admin API has answered. */
  async function settled(username: string, change: object): Promise<DirectoryAnswer> {
    const answer = await patch(username, change)
    await settle(username)
    return answer
  }

  async function settle(username: string): Promise<void> {
    const deadline = performance.now() + settleWithinMs
    while ((await request(username, { method: 'GET' })).person.signals?.length) {
      if (performance.now() > deadline) throw new Error(`Keycloak has not heard of the change of ${username} yet`)
      await setTimeout(pollEveryMs)
    }
  }
  return {
    disable: (username) => patch(username, { active: false }),
    enable: (username) => settled(username, { active: true }),
    changeGroups: (username, groups) => patch(username, { groups }),
    setGroups: (username, groups) => settled(username, { groups }),
    resetPassword: (username, password) => settled(username, { password }),
    announce: (username) => request(username, { method: 'POST' }, '/announcement'),
    settle,
    rotateSigningKey: async () => void (await send('/signing-key', { method: 'POST' })),
    reconcile: async (options) =>
      (await send('/reconciliation', { method: 'POST', body: JSON.stringify(options) })) as ReconcileReport,
    groupsOf: async (username) => (await request(username, { method: 'GET' })).person.groups ?? [],
    close: async () => {},
  }
}
