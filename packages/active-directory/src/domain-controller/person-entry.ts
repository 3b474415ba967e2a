import type { DevelopmentPerson } from '@mcp-identity/sample-company'
import { Attribute } from 'ldapts'
import { peopleDn } from './prepare.ts'

/** Attribute → its value, or values. */
export type Entry = Record<string, string | string[] | Buffer>

/** A normal account, enabled. */
const normalAccount = '512'

export function dnOfPerson({ givenName, familyName }: DevelopmentPerson): string {
  return `CN=${givenName} ${familyName},${peopleDn}`
}

/** An account that may sign in. */
export function account({ username, password }: { username: string; password: string }): Entry {
  return {
    objectClass: 'user',
    sAMAccountName: username,
    userAccountControl: normalAccount,
    unicodePwd: encodePassword(password),
  }
}

export function attributesOf(person: DevelopmentPerson): Entry {
  return {
    ...account(person),
    userPrincipalName: person.email,
    employeeID: person.subject,
    givenName: person.givenName,
    sn: person.familyName,
    displayName: `${person.givenName} ${person.familyName}`,
    mail: person.email,
    department: person.department,
    c: person.country,
    // Active Directory has no attribute for a time zone.
    info: person.zoneinfo,
  }
}

/** A password as `unicodePwd` takes it: in quotation marks, UTF-16, lowest byte first (MS-ADTS section 3.1.1.3.1.5). */
export function encodePassword(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le')
}

/** An entry as the client writes it. */
export function asAttributes(entry: Entry): Attribute[] {
  return Object.entries(entry).map(([type, value]) => new Attribute({ type, values: [value].flat() as string[] }))
}
