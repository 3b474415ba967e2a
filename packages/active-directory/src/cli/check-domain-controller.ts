// Exit code 0 when a domain controller answers the account that reads, and has its people: for a container's health check.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { controllerName, describeDomainController } from '../domain-controller/index.ts'
import { connectDirectory } from '../index.ts'

const [given = ''] = process.argv.slice(2)
const { url, caFile, reader, groupsDn } = describeDomainController(`ldaps://${controllerName}`, {
  ca: join(given, 'authority.pem'),
  administratorPassword: '',
  readerPassword: join(given, 'reader-password'),
})
const client = await connectDirectory({
  url,
  ca: readFileSync(caFile, 'utf8'),
  bindDn: reader.bindDn,
  password: readFileSync(reader.passwordFile, 'utf8'),
})
// What is added last.
const { searchEntries } = await client.search(groupsDn, { filter: '(cn=Operations)', attributes: ['cn'] })
await client.unbind()
process.exit(searchEntries.length === 1 ? 0 : 1)
