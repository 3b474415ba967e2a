export type { SignatureAlgorithm } from './algorithms.ts'
export {
  type AccessTokenVerifier,
  type AccessTokenVerifierSettings,
  createAccessTokenVerifier,
  type RevocationCheck,
  type TokenPresentation,
} from './create-access-token-verifier.ts'
export type { GroupResolver, IssuerProfile, IssuerSettings, Provider } from './providers/issuer-profile.ts'
export { type KeycloakSettings, keycloak } from './providers/keycloak.ts'
export { oauthIssuer } from './providers/oauth-issuer.ts'
export {
  TokenError,
  type TokenErrorCode,
  type TokenErrorDetails,
  type TokenRefusalReason,
  tokenRefusalReasons,
} from './token-error.ts'
export { IntrospectionUnavailableError, KeySetUnavailableError, VerifierUnavailableError } from './unavailable-error.ts'
export type {
  Actor,
  Caller,
  Claims,
  Confirmation,
  RefusedTokenFacts,
  VerifiedAccessToken,
} from './verified-access-token.ts'
