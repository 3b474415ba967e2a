import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadPolicies, type PolicyReload, PolicySetError } from '../src/index.ts'
import { people } from './people.ts'
import { policyFolder, writePolicy } from './policy-folder.ts'

const readers =
  'permit (principal in Group::"Customer Readers", action in Action::"read customers", resource is Customer);'
const call = { caller: people.anna, tool: 'get_customer', resource: { type: 'Customer', id: 'c', team: 'Sales' } }

it('puts new policies in force at once and tells of it', () => {
  const directory = policyFolder({ readers })
  const reloads: PolicyReload[] = []
  const engine = loadPolicies({ directory, onReload: (result) => reloads.push(result) })
  const { version } = engine
  expect(engine.decide(call).outcome).toBe('allowed')
  writePolicy(directory, 'nobody', 'forbid (principal, action, resource);')
  expect(engine.decide(call).outcome).toBe('allowed')
  expect(engine.reload()).toEqual({ outcome: 'reloaded', version: engine.version, previousVersion: version })
  expect(engine.decide(call)).toMatchObject({ outcome: 'denied', policies: ['nobody'], version: engine.version })
  expect(engine.reload()).toMatchObject({ outcome: 'unchanged' })
  expect(reloads.map(({ outcome }) => outcome)).toEqual(['reloaded', 'unchanged'])
})

it.each([
  ['a syntax error', 'broken', 'permit (principal, action resource);', 'broken.cedar: '],
  [
    'an attribute that the schema does not know',
    'unknown',
    'permit (principal, action, resource is Customer) when { resource.colour == "red" };',
    'unknown.cedar: ',
  ],
  [
    'an action that no tool has',
    'typo',
    'permit (principal, action == Action::"get_custmer", resource);',
    'typo.cedar: ',
  ],
  [
    'a policy that can never apply',
    'never',
    'permit (principal, action == Action::"get_customer", resource is Invoice);',
    'never.cedar: ',
  ],
  [
    'a comparison of different types',
    'types',
    'permit (principal, action, resource is Customer) when { resource.team == 1 };',
    'types.cedar: ',
  ],
  [
    'an optional attribute without `has`',
    'optional',
    'permit (principal, action, resource is Customer) when { resource.strategic };',
    'optional.cedar: ',
  ],
  ['two policies in one file', 'two', `${readers}\n@id("other") ${readers}`, 'two.cedar: must hold exactly one policy'],
])('keeps the old policies and says why: %s', (_, name, text, problem) => {
  const directory = policyFolder({ readers })
  const reloads: PolicyReload[] = []
  const engine = loadPolicies({ directory, onReload: (result) => reloads.push(result) })
  const { version } = engine
  writePolicy(directory, name, text)
  expect(engine.reload()).toMatchObject({ outcome: 'refused', version })
  expect(reloads[0]).toHaveProperty('problem', expect.stringContaining(problem))
  expect(engine.decide(call)).toMatchObject({ outcome: 'allowed', version })
  expect(() => loadPolicies({ directory })).toThrow(PolicySetError)
  rmSync(join(directory, `${name}.cedar`))
  expect(engine.reload()).toMatchObject({ outcome: 'unchanged' })
})

it('keeps the old policies when the folder is gone or empty', () => {
  const directory = policyFolder({ readers })
  const engine = loadPolicies({ directory })
  rmSync(join(directory, 'readers.cedar'))
  expect(engine.reload()).toMatchObject({ outcome: 'refused', problem: expect.stringContaining('no policy') })
  rmSync(directory, { recursive: true })
  expect(engine.reload()).toMatchObject({ outcome: 'refused' })
  expect(engine.decide(call).outcome).toBe('allowed')
})

it('denies when a policy errs, even if another one would permit', () => {
  const errs =
    'forbid (principal, action == Action::"get_customer", resource) when { 9223372036854775807 + (if resource.team == "x" then 0 else 1) > 0 };'
  const directory = policyFolder({ readers, errs })
  const decision = loadPolicies({ directory }).decide(call)
  expect(decision).toMatchObject({ outcome: 'denied', reason: 'policy_error', policies: ['errs'] })
})

it('asks that every policy carries its name and a refusal', () => {
  const directory = policyFolder({ readers })
  const text = '@id("other")\npermit (principal, action, resource) when { context.businessHours };'
  writeFileSync(join(directory, 'misnamed.cedar'), text)
  expect(() => loadPolicies({ directory })).toThrow('misnamed.cedar: must begin with @id("misnamed")')
  writeFileSync(join(directory, 'misnamed.cedar'), text.replace('other', 'misnamed'))
  expect(() => loadPolicies({ directory })).toThrow('misnamed.cedar: needs @refusal')
})
