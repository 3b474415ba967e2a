/** What the directory administrator can do to a person through the corporate IdP's admin API. */
export interface CorporateDirectory {
  disable(username: string): Promise<DirectoryAnswer>
  enable(username: string): Promise<DirectoryAnswer>
  setGroups(username: string, groups: string[]): Promise<DirectoryAnswer>
  groupsOf(username: string): Promise<string[]>
}

export interface DirectoryAnswer {
  /** Milliseconds until the admin API answered. */
  tookMs: number
}

/**
 * Speaks to the corporate IdP's admin API as IT would.
 *
 * @param adminSecret The development bearer of `.local/stack.json`; real administrators present an access token.
 */
export function openCorporateDirectory(corporateIdpUrl: string, adminSecret: string): CorporateDirectory {
  async function request(
    username: string,
    init: RequestInit,
  ): Promise<{ person: { groups?: string[] }; tookMs: number }> {
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
  return {
    disable: (username) => patch(username, { active: false }),
    enable: (username) => patch(username, { active: true }),
    setGroups: (username, groups) => patch(username, { groups }),
    groupsOf: async (username) => (await request(username, { method: 'GET' })).person.groups ?? [],
  }
}
