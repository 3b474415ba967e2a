import { expect, it } from 'vitest'
import { loadPolicies, readPeople } from '../src/index.ts'

const engine = loadPolicies({ clock: () => Date.parse('2026-11-23T15:00:00Z') / 1000 })
const people = readPeople(new URL('../scenarios/people.json', import.meta.url))
const row = { id: 'cust_789', name: 'Acme', contactEmail: 'a@acme.example', annualRevenue: 100 }

it.each([
  ['alice', []],
  ['carol', []],
  ['anna', ['annualRevenue']],
  ['dave', ['annualRevenue']],
  ['nightly-report', ['contactEmail', 'annualRevenue']],
])('%s does not see %j', (name, hidden) => {
  const caller = people.get(name)
  if (caller === undefined) throw new Error(name)
  const { row: shown, masked } = engine.maskFields({ caller, resourceType: 'Customer', row })
  expect(masked).toEqual(hidden)
  expect(Object.keys(shown)).toEqual(Object.keys(row).filter((field) => !masked.includes(field)))
})
