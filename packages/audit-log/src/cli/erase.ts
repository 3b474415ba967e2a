import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { queryAuditLog } from '../audit-log.ts'
import { pagesOfRecords } from '../pages-of-records.ts'
import { type DataSubject, openPersonalDataVault, type PersonalDataVault } from '../personal-data.ts'
import { givenArguments, runCommand } from './run-command.ts'

const help = `Usage: pnpm audit:erase VAULT... --issuer URL --subject ID [--yes]
       pnpm audit:erase VAULT... --email ADDRESS --log LOG... [--yes]
       pnpm audit:erase VAULT... --before YYYY-MM [--yes]

Erases personal data from an audit log, in all its copies, by dropping the keys that it is encrypted with: e-mail, name,
readable arguments and details. What was done, when, and by which subject stays, and the log verifies as before. It
cannot be undone. A server that writes the log puts the erasure on record within a second, or when it starts, and replicas
that know each other then erase the same: of those, one vault is enough, unless the person is found by an e-mail address.

  VAULT            the keys, by default audit-personal-data.db in the server's data folder; of several replicas, each one's
  --issuer, --subject
                   whose data: "iss" and "sub" of the person's access tokens, "issuer" and "subject" of the records
  --email          finds whose data it is in the log; everyone who ever had this address
  --log LOG        the log to look in, a file or postgres://...; may be given several times
  --before MONTH   everybody's data of all months before this one
  --yes            erase; without it only says what would be erased
  --help           show this

Exit code: 0 done, or nothing to do; 2 nothing was erased because the command or a file is wrong.`

const options = {
  help: { type: 'boolean' },
  yes: { type: 'boolean' },
  issuer: { type: 'string' },
  subject: { type: 'string' },
  email: { type: 'string' },
  log: { type: 'string', multiple: true },
  before: { type: 'string' },
} as const

async function main(): Promise<void> {
  const args = givenArguments()
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  if (values.help === true) {
    console.log(help)
    return
  }
  if (positionals.length === 0) throw new Error('name a vault')
  const missing = positionals.find((file) => !existsSync(file))
  if (missing !== undefined) throw new Error(`there is no vault at ${missing}`)
  const vaults = positionals.map(openPersonalDataVault)
  const vault = allOf(vaults)
  try {
    const { issuer, subject, email, log: logs, before } = values
    const isSure = values.yes === true
    if (before !== undefined) console.log(eraseMonths(vault, before, isSure))
    else if (issuer !== undefined && subject !== undefined) erasePeople(vault, [{ issuer, subject }], isSure)
    else if (email !== undefined && logs !== undefined) erasePeople(vault, await findPeople(vault, email, logs), isSure)
    else throw new Error('say whose data: --issuer and --subject, --email and --log, or --before')
  } finally {
    for (const each of vaults) each.close()
  }
}

type Vault = Pick<PersonalDataVault, 'open' | 'erase' | 'eraseBefore' | 'keysOf'>

/** Vaults of several replicas, as one. */
function allOf(vaults: readonly Vault[]): Vault {
  const sum = (work: (vault: Vault) => number) => vaults.reduce((total, vault) => total + work(vault), 0)
  return {
    open: (event) => vaults.reduce((opened, vault) => vault.open(opened), event),
    erase: (subject) => sum((vault) => vault.erase(subject)),
    eraseBefore: (instant) => sum((vault) => vault.eraseBefore(instant)),
    keysOf: (subject) => sum((vault) => vault.keysOf(subject)),
  }
}

function eraseMonths(vault: Vault, month: string, isSure: boolean): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw new Error(`not a month as 2026-01: ${month}`)
  if (!isSure) return `Would drop the keys of all months before ${month}. Add --yes to do it.`
  return `${vault.eraseBefore(`${month}-01T00:00:00Z`)} keys dropped, of all months before ${month}.`
}

function erasePeople(vault: Vault, people: readonly DataSubject[], isSure: boolean): void {
  if (people.length === 0) console.log('The log knows nobody of this address.')
  for (const person of people) {
    const who = `${person.subject} of ${person.issuer}`
    const keys = vault.keysOf(person)
    const months = keys === 1 ? '1 month' : `${keys} months`
    if (keys === 0) console.log(`${who}: nothing to erase.`)
    else if (isSure)
      console.log(`${who}: erased, personal data of ${months}; ${vault.erase(person)} of ${keys} keys dropped.`)
    else console.log(`${who}: personal data of ${months} would be erased. Add --yes to do it.`)
  }
}

async function findPeople(vault: Vault, email: string, logs: readonly string[]): Promise<DataSubject[]> {
  const found = new Map<string, DataSubject>()
  const address = email.toLowerCase()
  for (const log of logs)
    for await (const records of pagesOfRecords((query) => queryAuditLog(log, query, vault), { text: address }))
      for (const { event } of records) {
        const { issuer, subject } = event
        if (event.email?.toLowerCase() !== address || issuer === undefined || subject === undefined) continue
        found.set(JSON.stringify([issuer, subject]), { issuer, subject })
      }
  return [...found.values()]
}

await runCommand('pnpm audit:erase', main)
