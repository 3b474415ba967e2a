export type { SignatureAlgorithm } from './algorithms.ts'
export { type AccessTokenVerifier, createAccessTokenVerifier } from './create-access-token-verifier.ts'
export type { DpopSettings } from './dpop/check-dpop.ts'
export { createDpopNonces, type DpopNonceSettings, type DpopNonces } from './dpop/dpop-nonces.ts'
export { MemoryProofReplays, type ProofReplayStore } from './dpop/proof-replays.ts'
export { type ExplainSettings, explain } from './explain/explain.ts'
export type { Advice, CheckName, CheckResult, Explanation, Fact, Side } from './explain/explanation.ts'
export { explanationText } from './explain/text.ts'
export type { Fetch, FetchLimits } from './fetch-document.ts'
export type { KeySetChange, KeySetSettings } from './key-set.ts'
export type { ClientCredentials } from './online/client-authentication.ts'
export type { IntrospectionSettings } from './online/introspection.ts'
export {
  type ClientCredentialsTokenSettings,
  clientCredentialsToken,
  type MicrosoftGraphSettings,
  microsoftGraphGroups,
} from './online/microsoft-graph-groups.ts'
export { type AdfsSettings, adfs } from './providers/adfs.ts'
export { type Auth0Settings, auth0 } from './providers/auth0.ts'
export { type CognitoSettings, cognito } from './providers/cognito.ts'
export { type EntraIdSettings, entraId } from './providers/entra-id.ts'
export { type GoogleSettings, google } from './providers/google.ts'
export type { ClaimNames, GroupResolver, IssuerProfile, IssuerSettings, Provider } from './providers/issuer-profile.ts'
export { type KeycloakSettings, keycloak } from './providers/keycloak.ts'
export { type OAuthIssuerSettings, oauthIssuer } from './providers/oauth-issuer.ts'
export { okta } from './providers/okta.ts'
export {
  TokenError,
  type TokenErrorCode,
  type TokenErrorDetails,
  type TokenRefusalReason,
  tokenRefusalReasons,
} from './token-error.ts'
export type { TokenPresentation } from './token-presentation.ts'
export { IntrospectionUnavailableError, KeySetUnavailableError, VerifierUnavailableError } from './unavailable-error.ts'
export type {
  Actor,
  Caller,
  Claims,
  Confirmation,
  RefusedTokenFacts,
  VerifiedAccessToken,
} from './verified-access-token.ts'
export type { CacheSettings } from './verified-token-cache.ts'
export type { AccessTokenVerifierSettings, RevocationCheck } from './verifier-settings.ts'
