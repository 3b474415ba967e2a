import type { ProviderDialect, TokenFaultName } from '@mcp-identity/test-kit'
import type { TokenRefusalReason } from '../../../src/index.ts'

/** What the verifier says to each fault of the test kit. */
export const faultReasons: Readonly<Record<TokenFaultName, TokenRefusalReason>> = {
  expired: 'expired',
  notYetValid: 'not_yet_valid',
  withoutExpiry: 'claim_missing',
  expiryAsString: 'claim_invalid',
  otherIssuer: 'issuer_unknown',
  issuerList: 'issuer_unknown',
  issuerLookalike: 'issuer_unknown',
  otherAudience: 'audience_mismatch',
  audienceLookalike: 'audience_mismatch',
  withoutSubject: 'claim_missing',
  foreignKey: 'signature_invalid',
  unknownKeyId: 'key_unknown',
  changedClaim: 'signature_invalid',
  flippedSignatureBit: 'signature_invalid',
  emptySignature: 'malformed',
  truncatedSignature: 'signature_invalid',
  algorithmNone: 'malformed',
  hmacWithPublicKey: 'algorithm_not_allowed',
  hmacWithEmptySecret: 'algorithm_not_allowed',
  algorithmOfAnotherFamily: 'key_mismatch',
  keyInHeader: 'signature_invalid',
  keySetAddressInHeader: 'signature_invalid',
  certificateAddressInHeader: 'signature_invalid',
  unknownCriticalHeader: 'header_not_understood',
  unencodedPayload: 'header_not_understood',
  compressed: 'header_not_understood',
  foreignType: 'not_an_access_token',
  duplicateClaim: 'payload_invalid',
  trailingData: 'payload_invalid',
  invalidUtf8: 'payload_invalid',
  paddedBase64: 'malformed',
  surroundingWhitespace: 'malformed',
  fourParts: 'malformed',
  wrappedInEncryption: 'encrypted',
  oversized: 'too_long',
  boundToAnotherKey: 'bound_token_as_bearer',
}

/** Where one provider's rules come in first. */
export const exceptions: Partial<Record<ProviderDialect, Partial<Record<TokenFaultName, TokenRefusalReason>>>> = {}
