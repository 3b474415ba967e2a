import { expect, it } from 'vitest'
import { agrees, tellReconciliation } from '../src/access/tell-reconciliation.ts'
import { groupsCome, leaverProcessOf } from '../src/demo/leaver-process.ts'

it.each([
  ['generic', 'keycloak', false, true, groupsCome.pushed],
  ['okta', 'keycloak', true, true, groupsCome.pushed],
  ['auth0', 'keycloak', true, true, groupsCome.atSignIn],
  ['entra', 'keycloak', true, false, groupsCome.atSignIn],
  ['google', 'keycloak', true, false, groupsCome.provisioned],
  ['generic', 'provider', false, true, groupsCome.pushed],
  ['okta', 'provider', true, false, groupsCome.pushed],
] as const)(
  '%s with %s as the issuer: what it tells follows its table',
  (provider, issuer, isSeparate, tells, come) => {
    expect(leaverProcessOf({ provider, issuer })).toEqual({ isSeparate, providerTells: tells, newGroupsCome: come })
  },
)

const report = (...states: ('found' | 'mended' | 'failed' | 'refused' | 'left')[]) => ({
  people: 7,
  accounts: 7,
  drift: states.map((state) => ({ kind: 'group_too_many', username: 'anna', group: 'Administrators', state })),
})

it('says of each difference who, what and what became of it', () => {
  const lines = tellReconciliation(report('mended', 'found')).join('\n')
  expect(lines).toContain('7 people in the directory, 7 accounts in Keycloak, 2 differences')
  expect(lines).toContain('anna is in Administrators in Keycloak only')
  expect(lines).toContain('mended')
})

it('says how to allow removals that were too many', () => {
  expect(tellReconciliation(report('refused', 'refused')).at(-1)).toContain('--most-removals 2')
})

it('agrees only when nothing is left', () => {
  expect(agrees(report())).toBe(true)
  expect(agrees(report('mended'))).toBe(true)
  for (const state of ['found', 'failed', 'refused', 'left'] as const) expect(agrees(report(state))).toBe(false)
})
