import type { Caller, Claims, Confirmation, VerifiedAccessToken } from './verified-access-token.ts'

/** Everything that a verified token says. */
type Parts = { readonly [Name in Exclude<keyof VerifiedAccessToken, symbol>]: VerifiedAccessToken[Name] }

/** What a verified token is made of; a scope that is one text is taken apart when somebody asks for it. */
export type TokenParts = Omit<Parts, 'scopes'> & { readonly scope: string | readonly string[] | undefined }

/**
 * The verified form of a token. What it says is deeply frozen, and that happens when somebody first looks: most calls
 * need only a few of its values, and freezing takes longer than reading them.
 */
export class SealedToken implements Parts {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string | undefined
  readonly sessionId: string | undefined
  readonly confirmation: Confirmation | undefined
  readonly #parts: TokenParts
  #scopes: readonly string[] | undefined
  #isSealed = false

  constructor(parts: TokenParts) {
    this.issuer = parts.issuer
    this.subject = parts.subject
    this.clientId = parts.clientId
    this.issuedAt = parts.issuedAt
    this.expiresAt = parts.expiresAt
    this.tokenId = parts.tokenId
    this.sessionId = parts.sessionId
    this.confirmation = parts.confirmation && Object.freeze(parts.confirmation)
    this.#parts = parts
    Object.freeze(this)
  }

  get scopes(): readonly string[] {
    this.#scopes ??= Object.freeze(splitScope(this.#parts.scope))
    return this.#scopes
  }

  get audiences(): readonly string[] {
    return this.#sealed().audiences
  }

  get caller(): Caller {
    return this.#sealed().caller
  }

  get claims(): Claims {
    return this.#sealed().claims
  }

  /** All of it as plain data: `JSON.stringify` asks. */
  toJSON(): Parts {
    const { scope: _scope, ...parts } = this.#sealed()
    return { ...parts, scopes: this.scopes }
  }

  #sealed(): TokenParts {
    // Stryker disable next-line ConditionalExpression: freezing again changes nothing.
    if (!this.#isSealed) {
      deepFreeze(this.#parts)
      // Stryker disable next-line BooleanLiteral: likewise.
      this.#isSealed = true
    }
    return this.#parts
  }
}

/** Scopes are separated by single spaces and nothing else (RFC 6749 section 3.3). */
function splitScope(scope: TokenParts['scope']): string[] {
  const scopes = typeof scope === 'string' ? scope.split(' ') : [...(scope ?? [])]
  return scopes.filter((item) => item !== '')
}

function deepFreeze(value: object): void {
  Object.freeze(value)
  for (const member of Object.values(value)) {
    // What is no object counts as frozen.
    if (!Object.isFrozen(member)) deepFreeze(member)
  }
}
