/**
 * What a check cannot do without. `token`: a good access token. `issuer`: the suite is an issuer that the server trusts.
 * `tool`: a tool and its scopes. `dpop`: the server takes sender-constrained tokens. `origin`: an origin that may call it.
 */
export type Need = 'token' | 'issuer' | 'tool' | 'dpop' | 'origin'
