import { type Door, type DoorStack, expectSuccess } from './door.ts'
import { openScimClient } from './scim-registration.ts'
import { createSettling } from './settling.ts'

/** A third party's provisioning says by SCIM that the person is no longer active (RFC 7644 section 3.5.2). */
export function scimClient(stack: DoorStack): Door {
  const settling = createSettling()
  const scim = openScimClient(stack, 'third-party-provisioning')

  async function setActive(username: string, active: boolean): Promise<boolean> {
    const filter = new URLSearchParams({ filter: `userName eq ${JSON.stringify(username)}` })
    const found = await expectSuccess('SCIM look-up', await scim.request('GET', `/Users?${filter}`))
    const [person] = ((await found.json()) as { Resources?: { id: string }[] }).Resources ?? []
    if (person === undefined) return false
    const response = await scim.request('PATCH', `/Users/${person.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: active }],
    })
    await expectSuccess('SCIM change', response)
    return true
  }

  return {
    name: 'scim-client',
    title: 'a third party’s SCIM client sets the person inactive in Keycloak',
    ends: 'tokens',
    async open({ username }) {
      if (!(await setActive(username, false))) throw new Error(`Keycloak knows no ${username}`)
      settling.opened(username)
      return performance.now()
    },
    async restore({ username }) {
      await setActive(username, true)
      await settling.settled(username)
    },
  }
}
