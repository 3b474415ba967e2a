import { expect, it } from 'vitest'
import { IntrospectionUnavailableError, KeySetUnavailableError, VerifierUnavailableError } from '../src/index.ts'

it.each([
  [-5, 1],
  [0, 1],
  [1, 1],
  [1.01, 2],
  [30, 30],
])('what is unavailable for %d seconds may be asked again after %d', (seconds, retryAfterSeconds) => {
  expect(new VerifierUnavailableError('down', seconds).retryAfterSeconds).toBe(retryAfterSeconds)
})

it('each kind of unavailability has its name, and one thing in common', () => {
  const cause = new Error('why')
  for (const Kind of [KeySetUnavailableError, IntrospectionUnavailableError]) {
    const error = new Kind('down', 1, { cause })
    expect(error).toBeInstanceOf(VerifierUnavailableError)
    expect(error).toMatchObject({ name: Kind.name, message: 'down', cause })
  }
})
