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
  async function request(username: string, init: RequestInit): Promise<{ person: PersonAnswer; tookMs: number }> {
    const startedAt = performance.now()
    const response = await fetch(new URL(`/admin/people/${encodeURIComponent(username)}`, corporateIdpUrl), {
      ...init,
      headers: { authorization: `Bearer ${adminSecret}`, 'content-type': 'application/json' },
    })
    const text = await response.text()
    if (!response.ok)
      throw new Error(`the corporate IdP answered ${response.status} for ${username}: ${text.slice(0, 300)}`)
    return { person: JSON.parse(text), tookMs: performance.now() - startedAt }
  }
  const patch = (username: string, change: object): Promise<DirectoryAnswer> =>
    request(username, { method: 'PATCH', body: JSON.stringify(change) })

  /** Signals that wait for others, or for their time, are sent after the admin API has answered. */
  async function settled(username: string, change: object): Promise<DirectoryAnswer> {
    const answer = await patch(username, change)
    const deadline = performance.now() + settleWithinMs
    while ((await request(username, { method: 'GET' })).person.signals?.length) {
      if (performance.now() > deadline) throw new Error(`Keycloak has not heard of the change of ${username} yet`)
      await setTimeout(pollEveryMs)
    }
    return answer
  }
  return {
    disable: (username) => patch(username, { active: false }),
    enable: (username) => settled(username, { active: true }),
    changeGroups: (username, groups) => patch(username, { groups }),
    setGroups: (username, groups) => settled(username, { groups }),
    resetPassword: (username, password) => settled(username, { password }),
    groupsOf: async (username) => (await request(username, { method: 'GET' })).person.groups ?? [],
  }
}
