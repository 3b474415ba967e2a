import { expect, it } from 'vitest'
import { type AuditEvent, humanLine } from '../src/index.ts'
import { aliceDeletes } from './events.ts'

const { email: _email, name: _name, department: _department, ...unnamed } = aliceDeletes

it.each<[string, AuditEvent]>([
  ['alice@company.com (Engineering) called delete_customer', aliceDeletes],
  [
    'alice@company.com (Engineering) was refused delete_customer: only in business hours',
    { ...aliceDeletes, outcome: 'refused', reason: 'only in business hours' },
  ],
  [
    'alice@company.com (Engineering) was refused delete_customer 12 times: audience_mismatch',
    { ...aliceDeletes, outcome: 'refused', reason: 'audience_mismatch', times: 12 },
  ],
  [
    'delete_customer called by alice@company.com (Engineering) succeeded',
    { ...aliceDeletes, phase: 'outcome', outcome: 'succeeded' },
  ],
  [
    'service nightly-report called run_report',
    { ...unnamed, callerKind: 'service', clientId: 'nightly-report', tool: 'run_report' },
  ],
  ['7f0c8f0e-alice called delete_customer', unnamed],
  [
    'alice@company.com (Engineering) through travel-agent called delete_customer',
    { ...aliceDeletes, actors: ['travel-agent'] },
  ],
  [
    'revocation received for alice@company.com (Engineering): session revoked',
    {
      ...aliceDeletes,
      phase: 'security',
      action: 'revocation_received',
      outcome: 'succeeded',
      reason: 'session revoked',
    },
  ],
  [
    'approval given by alice@company.com (Engineering)',
    { ...aliceDeletes, phase: 'security', action: 'approval_given', outcome: 'succeeded' },
  ],
  [
    'policies reloaded failed: customer-readers-read.cedar',
    { phase: 'security', action: 'policies_reloaded', outcome: 'failed', reason: 'customer-readers-read.cedar' },
  ],
  [
    'alice evil called x (Engineering) called delete_customer',
    { ...aliceDeletes, email: 'alice\r\n\u202eevil called x' },
  ],
])('says: %s', (sentence, event) => {
  expect(humanLine(event)).toBe(sentence)
})
