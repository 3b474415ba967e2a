import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { loadPolicies, readPeople, runPolicyTests } from '../src/index.ts'

const people = readPeople(new URL('../scenarios/people.json', import.meta.url))
const tables = readFileSync(new URL('../scenarios/policy-tests.md', import.meta.url), 'utf8')

it('decides every row of the tables as written, and every policy decides a row', () => {
  const report = runPolicyTests(loadPolicies(), people, tables)
  expect(report).toMatchObject({ failures: [], untested: [] })
  expect(report.rows).toBeGreaterThan(50)
})

it('reports a row that turns out otherwise', () => {
  const changed = tables.replace(/(anna \| list_customers .*)allowed/, '$1denied (policy)')
  const { failures } = runPolicyTests(loadPolicies(), people, changed)
  expect(failures).toEqual([
    'line 11: anna list_customers: expected denied (policy) by customer-readers-read, found allowed by customer-readers-read',
  ])
})

it('reports a policy that no row decides', () => {
  const without = tables.replaceAll(/^\| ivan .*\n/gm, '')
  expect(runPolicyTests(loadPolicies(), people, without).untested).toEqual(['directory-administrators-review-access'])
})
