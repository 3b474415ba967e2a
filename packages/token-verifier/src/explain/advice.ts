import type { Provider } from '../providers/issuer-profile.ts'
import type { TokenRefusalReason } from '../token-error.ts'
import type { Advice, Side } from './explanation.ts'

type Row = readonly [Side, string]

/** What to change for each reason, whoever issued the token. */
const general: Readonly<Record<TokenRefusalReason, Row>> = {
  too_long: [
    'authorization server',
    'Put fewer claims into access tokens: groups and roles that this resource server does not use.',
  ],
  malformed: [
    'client',
    'Send the access token exactly as the token endpoint gave it: three parts joined by dots, nothing around it.',
  ],
  encrypted: [
    'authorization server',
    'Issue signed access tokens (JWS) for this resource server, not encrypted ones (JWE).',
  ],
  header_invalid: [
    'authorization server',
    'Issue tokens whose header is one JSON object with "alg", "kid" and "typ", each once.',
  ],
  header_not_understood: [
    'authorization server',
    'Issue tokens without "crit", "b64", "zip", "enc" and "cty" in the header.',
  ],
  payload_invalid: [
    'authorization server',
    'Issue tokens whose payload is one JSON object in which no name appears twice.',
  ],
  issuer_unknown: [
    'resource server',
    'Configure this issuer, exactly as "iss" writes it, if its tokens are to be accepted; otherwise the client asked the wrong authorization server.',
  ],
  algorithm_not_allowed: [
    'authorization server',
    'Sign access tokens with RS256, PS256, ES256, ES384 or EdDSA; HMAC and "none" are never accepted.',
  ],
  key_unknown: [
    'authorization server',
    'Publish the signing key in the key set under the "kid" of the token, and keep a retired key there until its last token expired.',
  ],
  key_mismatch: [
    'authorization server',
    'Publish the key with the "alg" it signs with, and use one key for one algorithm.',
  ],
  signature_invalid: [
    'client',
    'Get a new token. If that fails too, this one is of another environment whose key has the same "kid", or was changed.',
  ],
  claim_missing: ['authorization server', 'Add the named claim to access tokens.'],
  claim_invalid: ['authorization server', 'Issue the named claim with the type that is asked for.'],
  expired: [
    'client',
    'Get a new token with the refresh token before the old one expires. If the token is new, a clock is wrong.',
  ],
  not_yet_valid: ['authorization server', 'Set the clock: this token begins in the future.'],
  issued_in_future: ['authorization server', 'Set the clock: this token was issued in the future.'],
  lifetime_too_long: [
    'authorization server',
    'Shorten the life of access tokens, or raise maxTokenLifetimeSeconds at the resource server.',
  ],
  audience_missing: ['authorization server', 'Put this resource server into "aud".'],
  audience_mismatch: [
    'client',
    'Ask for a token for this resource: send "resource" (RFC 8707), or the audience or scope of this API.',
  ],
  audience_not_exclusive: [
    'client',
    'Ask for a token for this resource alone; one that is good at several can be passed on from one to the other.',
  ],
  not_an_access_token: [
    'client',
    'Send the access token; an ID token, refresh token or logout token is for somebody else.',
  ],
  client_not_allowed: ['resource server', 'Add the client to clientIds if it may call.'],
  tenant_not_allowed: ['resource server', 'Add the tenant to tenants if its people may call.'],
  guest_not_allowed: ['resource server', 'Set acceptGuests if guests of the tenant may call.'],
  domain_not_allowed: ['resource server', 'Add the domain to hostedDomains if its people may call.'],
  sender_constraint_required: [
    'client',
    'Use DPoP (RFC 9449) or a client certificate (RFC 8705) at the token endpoint, so that the token is bound to a key.',
  ],
  confirmation_not_understood: [
    'authorization server',
    'Bind tokens by "jkt" (DPoP) or "x5t#S256" (client certificate).',
  ],
  bound_token_as_bearer: ['client', 'Send the token with the scheme DPoP and a proof in the DPoP header.'],
  unbound_token_as_dpop: [
    'client',
    'Send a DPoP proof to the token endpoint, so that the token is bound to the key; or send this token as Bearer.',
  ],
  proof_key_mismatch: ['client', 'Make the proof with the key that was used at the token endpoint.'],
  proof_token_mismatch: ['client', 'Put the hash of this very token into "ath" of the proof.'],
  certificate_missing: [
    'client',
    'Connect with the client certificate that was used at the token endpoint; a proxy has to pass it on.',
  ],
  certificate_mismatch: ['client', 'Connect with the client certificate that was used at the token endpoint.'],
  proof_missing: ['client', 'Send a proof in the DPoP header.'],
  proof_malformed: ['client', 'Make the proof as RFC 9449 section 4.2 writes it.'],
  proof_key_unsuitable: ['client', 'Put the public key of an allowed algorithm into "jwk" of the proof.'],
  proof_signature_invalid: ['client', 'Sign the proof with the key that is in it.'],
  proof_method_mismatch: ['client', 'Put the method of the request into "htm".'],
  proof_url_mismatch: [
    'client',
    'Put the address of the request into "htu". Behind a proxy, the resource server has to know the address that clients use.',
  ],
  proof_not_fresh: ['client', 'Make a new proof for each request, and set the clock.'],
  proof_replayed: ['client', 'Make a new proof, with a new "jti", for each request.'],
  nonce_required: ['client', 'Repeat the request with the nonce of the answer.'],
  nonce_stale: ['client', 'Repeat the request with the nonce of the answer.'],
  inactive: ['client', 'Get a new token: the issuer no longer knows this one.'],
  revoked: ['client', 'Sign in again: access was withdrawn.'],
  request_malformed: ['client', 'Send one token, in one Authorization header.'],
  scope_missing: ['client', 'Ask for a token with the scope of this operation.'],
  authentication_insufficient: ['client', 'Sign in again, as strongly as the challenge asks.'],
}

/** Where a provider has its own way of doing it. */
const byProvider: Readonly<Partial<Record<Provider, Partial<Record<TokenRefusalReason, Row>>>>> = {
  keycloak: {
    audience_missing: [
      'authorization server',
      'Add an audience mapper for this resource to a client scope that the client asks for. Keycloak issues no audience by itself.',
    ],
    audience_mismatch: [
      'authorization server',
      'Add an audience mapper for this resource to a client scope that the client asks for; "account" alone comes from default roles.',
    ],
    claim_missing: [
      'authorization server',
      'If the token is a lightweight one, switch that off for the client, or set introspection at the resource server; "sub" comes with the client scope basic.',
    ],
    not_an_access_token: [
      'client',
      'Send "access_token" of the token response: what came here is its "id_token", "refresh_token" or another token of Keycloak.',
    ],
    issuer_unknown: [
      'authorization server',
      'Set the hostname of Keycloak, so that "iss" is the same however Keycloak is reached, and configure exactly that at the resource server.',
    ],
    key_unknown: ['authorization server', 'Keep a rotated key passive, not disabled, until its last token expired.'],
  },
  'entra-id': {
    audience_mismatch: [
      'authorization server',
      'Ask for a scope of this API, not of Microsoft Graph. Tokens of version 2.0 have the client id of the API in "aud"; set requestedAccessTokenVersion to 2 in its manifest.',
    ],
    issuer_unknown: [
      'authorization server',
      'Set requestedAccessTokenVersion to 2 in the manifest of the API if "iss" begins with https://sts.windows.net/, or accept tokenVersions 1.0.',
    ],
    signature_invalid: [
      'client',
      'If the header has a "nonce", the token is for Microsoft Graph and nobody else can verify it: ask for a scope of this API.',
    ],
    not_an_access_token: [
      'authorization server',
      'Give the application a role of this API, or ask for a scope of it: the token grants nothing here.',
    ],
    lifetime_too_long: [
      'resource server',
      'Clients that support continuous access evaluation get tokens of up to 28 hours: raise maxTokenLifetimeSeconds, or set a token lifetime policy.',
    ],
  },
  auth0: {
    issuer_unknown: [
      'resource server',
      'Write the issuer with the slash at its end, and use the custom domain if tokens are issued under it.',
    ],
    malformed: [
      'client',
      'Send "audience" with the authorization request: without it Auth0 issues an opaque token for its own userinfo.',
    ],
    encrypted: [
      'client',
      'Send "audience" with the authorization request: without it Auth0 issues an encrypted token for its own userinfo.',
    ],
    audience_mismatch: [
      'client',
      'Send "audience" (or "resource", with the compatibility profile on) with the identifier of this API.',
    ],
    algorithm_not_allowed: ['authorization server', 'Set the signing algorithm of the API to RS256.'],
  },
  okta: {
    issuer_unknown: [
      'client',
      'Ask a custom authorization server (https://{domain}/oauth2/{id}): tokens of the org authorization server are for Okta alone.',
    ],
    audience_mismatch: [
      'authorization server',
      'Set the audience of the custom authorization server to what this resource server accepts.',
    ],
    claim_invalid: ['authorization server', '"scp" is a list in tokens of Okta; a custom claim must not replace it.'],
  },
  cognito: {
    audience_missing: [
      'client',
      'Send "resource" with the authorization request (Essentials or Plus, managed login), or list the client in clientIds.',
    ],
    not_an_access_token: [
      'client',
      'Send the access token ("token_use": "access") with a scope of this API; signing in by the SDK gives only aws.cognito.signin.user.admin.',
    ],
  },
  google: {
    audience_mismatch: [
      'resource server',
      'Add the OAuth client id to audience if tokens of that client are to be accepted.',
    ],
    not_an_access_token: [
      'client',
      'Send the access token (ya29.…). The signed one is the ID token, and for the client itself.',
    ],
    domain_not_allowed: ['client', 'Sign in with the Workspace account: consumer accounts have no "hd".'],
  },
  adfs: {
    issuer_unknown: ['resource server', 'Set accessTokenIssuer to access_token_issuer of the metadata of AD FS.'],
    audience_mismatch: [
      'client',
      'Send "resource" with the identifier of the Web API: without it AD FS issues a token for urn:microsoft:userinfo.',
    ],
    not_an_access_token: [
      'client',
      'Send "resource" with the identifier of the Web API: without it AD FS issues a token for urn:microsoft:userinfo.',
    ],
    claim_missing: [
      'authorization server',
      'Add an issuance transform rule for the named claim, or set subjectClaim at the resource server.',
    ],
  },
}

/** Says what to change, and on which side, so that tokens like this one are accepted. */
export function adviceFor(reason: TokenRefusalReason, provider: Provider | undefined): Advice {
  const [side, change] = (provider && byProvider[provider]?.[reason]) ?? general[reason]
  return { side, change }
}
