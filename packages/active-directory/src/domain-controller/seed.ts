import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { companyGroups, developmentPeople, groupOfEverybody } from '@mcp-identity/sample-company'
import { type Client, NoSuchObjectError } from 'ldapts'
import { connectDirectory } from '../connect.ts'
import { accountNameOf, setPolicy } from './administration.ts'
import { account, asAttributes, attributesOf, dnOfPerson, type Entry } from './person-entry.ts'
import { connectionOf, type DomainController, groupsDn, peopleDn, readerName, seededMarker } from './prepare.ts'

/**
 * Fills a new domain with the people and groups of the sample company, and the account that may read. Once; what was
 * changed in the directory since stays.
 *
 * Everybody's primary group is `Domain Users`, as in any domain: it stands for the group that everybody is in, which is
 * therefore no group here.
 *
 * @throws {Error} The domain controller does not answer or refuses.
 */
export async function seedDomain(controller: DomainController): Promise<void> {
  const marker = join(dirname(controller.administrator.passwordFile), seededMarker)
  if (existsSync(marker)) return
  const client = await connectDirectory(connectionOf(controller, controller.administrator))
  try {
    await setPolicy(client, controller.baseDn, { lockoutThreshold: 5 })
    await add(client, peopleDn, { objectClass: 'organizationalUnit' })
    await add(client, groupsDn, { objectClass: 'organizationalUnit' })
    const password = readFileSync(controller.reader.passwordFile, 'utf8')
    await add(client, controller.reader.bindDn, account({ username: readerName, password }))
    for (const person of developmentPeople) await add(client, dnOfPerson(person), attributesOf(person))
    for (const group of companyGroups.filter((name) => name !== groupOfEverybody)) {
      await add(client, `CN=${group},${groupsDn}`, membersOf(group))
    }
  } finally {
    await client.unbind()
  }
  writeFileSync(marker, '')
}

/** Adds what is not there yet: an earlier run may have been interrupted. */
async function add(client: Client, dn: string, attributes: Entry): Promise<void> {
  if (await exists(client, dn)) return
  await client.add(dn, asAttributes(attributes))
}

async function exists(client: Client, dn: string): Promise<boolean> {
  try {
    await client.search(dn, { scope: 'base', attributes: ['1.1'] })
    return true
  } catch (error) {
    if (error instanceof NoSuchObjectError) return false
    throw error
  }
}

function membersOf(group: string): Entry {
  const members = developmentPeople.filter(({ groups }) => groups.includes(group)).map(dnOfPerson)
  return {
    objectClass: 'group',
    sAMAccountName: accountNameOf(group),
    ...(members.length > 0 ? { member: members } : {}),
  }
}
