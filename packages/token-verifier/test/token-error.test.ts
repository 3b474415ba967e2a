import { describe, expect, it } from 'vitest'
import {
  IntrospectionUnavailableError,
  KeySetUnavailableError,
  TokenError,
  tokenRefusalReasons,
  VerifierUnavailableError,
} from '../src/index.ts'

describe('a refusal', () => {
  const error = new TokenError('expired', 'the token has expired')

  it('is an error with a code for the wire and a finer reason for the log', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(TokenError)
    expect([error.name, error.code, error.reason, error.message]).toEqual([
      'TokenError',
      'invalid_token',
      'expired',
      'the token has expired',
    ])
    expect(String(error)).toBe('TokenError: the token has expired')
  })

  it('takes no stack trace, and lets other errors take theirs', () => {
    const limit = Error.stackTraceLimit
    expect(error.stack).toBe('TokenError: the token has expired')
    expect(Error.stackTraceLimit).toBe(limit)
    expect(new Error('other').stack).toContain('token-error.test.ts')
  })

  it('keeps facts, a nonce and a cause only when it is given them', () => {
    expect([error.token, error.dpopNonce, 'cause' in error]).toEqual([undefined, undefined, false])
    const cause = new Error('why')
    const other = new TokenError('nonce_stale', 'use the new one', { dpopNonce: 'n', cause })
    expect([other.code, other.dpopNonce, other.cause]).toEqual(['use_dpop_nonce', 'n', cause])
  })

  it.each([
    ['request_malformed', 'invalid_request'],
    ['scope_missing', 'insufficient_scope'],
    ['authentication_insufficient', 'insufficient_user_authentication'],
    ['proof_replayed', 'invalid_dpop_proof'],
    ['proof_key_mismatch', 'invalid_token'],
    ['nonce_required', 'use_dpop_nonce'],
  ] as const)('for %s has the code %s', (reason, code) => {
    expect(new TokenError(reason, '').code).toBe(code)
  })

  it('has one of a closed set of reasons', () => {
    expect(tokenRefusalReasons).toHaveLength(new Set(tokenRefusalReasons).size)
    for (const reason of tokenRefusalReasons) expect(new TokenError(reason, '').code).toMatch(/^[a-z_]+$/)
    expect(Object.isFrozen(tokenRefusalReasons)).toBe(true)
  })
})

describe('an error of something that is out of reach', () => {
  it.each([KeySetUnavailableError, IntrospectionUnavailableError, VerifierUnavailableError])(
    'is no refusal, and says when to ask again, in whole seconds: %o',
    (UnavailableError) => {
      const error = new UnavailableError('down', 1.2)
      expect(error).not.toBeInstanceOf(TokenError)
      expect(error).toBeInstanceOf(VerifierUnavailableError)
      expect([error.name, error.retryAfterSeconds]).toEqual([UnavailableError.name, 2])
      expect(new UnavailableError('down', -5).retryAfterSeconds).toBe(1)
    },
  )
})
