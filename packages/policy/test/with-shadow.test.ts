import { expect, it } from 'vitest'
import { loadPolicies, type ShadowDifference, withShadow } from '../src/index.ts'
import { people } from './people.ts'
import { policyFolder } from './policy-folder.ts'

const call = { caller: people.anna, tool: 'get_customer', resource: { type: 'Customer', id: 'c', team: 'Sales' } }

it('reports where a candidate would decide otherwise, and lets only the live set count', () => {
  const differences: ShadowDifference[] = []
  const candidate = loadPolicies({ directory: policyFolder({ nobody: 'forbid (principal, action, resource);' }) })
  const engine = withShadow(loadPolicies(), candidate, (difference) => differences.push(difference))
  expect(engine.decide(call).outcome).toBe('allowed')
  expect(differences).toMatchObject([
    { live: { outcome: 'allowed' }, candidate: { outcome: 'denied', policies: ['nobody'] } },
  ])
})

it('reports nothing where both agree', () => {
  const engine = withShadow(loadPolicies(), loadPolicies(), () => expect.unreachable())
  expect(engine.decide(call).outcome).toBe('allowed')
})

it('is not disturbed by a candidate that throws', () => {
  const errors: unknown[] = []
  const broken = {
    decide: () => {
      throw new Error('broken')
    },
  }
  const engine = withShadow(
    loadPolicies(),
    broken,
    () => expect.unreachable(),
    (cause) => errors.push(cause),
  )
  expect(engine.decide(call).outcome).toBe('allowed')
  expect(errors).toHaveLength(1)
})
