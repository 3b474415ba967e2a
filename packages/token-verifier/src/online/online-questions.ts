import { createHash } from 'node:crypto'
import { BoundedMap } from '../bounded-map.ts'
import type { OnlineExchange, OnlineTokens } from '../providers/issuer-profile.ts'
import { refuse, TokenError } from '../token-error.ts'
import { IntrospectionUnavailableError } from '../unavailable-error.ts'
import type { Claims } from '../verified-access-token.ts'

/** Questions that may be open at once; a flood of made-up tokens must not become one at the issuer. */
const maxOpenQuestions = 100

/** Inactive tokens that are remembered, and for how long: a token that is not active never becomes so. */
const maxInactive = 2000
const inactiveSeconds = 30

/** Asks an issuer about tokens, each only once at a time; where no answer may be used twice, once for each call. */
export class OnlineQuestions {
  readonly #online: OnlineTokens
  readonly #open = new Map<string | symbol, Promise<Claims>>()
  readonly #inactiveUntil = new BoundedMap<number>(maxInactive)

  constructor(online: OnlineTokens) {
    this.#online = online
  }

  /**
   * @throws {TokenError} `inactive`
   * @throws {IntrospectionUnavailableError} No answer, or too many questions are open.
   */
  ask(compactToken: string, exchange: OnlineExchange): Promise<Claims> {
    const id = createHash('sha256').update(compactToken).digest('base64url')
    if ((this.#inactiveUntil.get(id) ?? 0) > exchange.now)
      refuse('inactive', 'the issuer says that the token is not active')
    // An answer under way may have been given before the token was revoked.
    const question = this.#online.cacheSeconds === 0 ? Symbol(id) : id
    const open = this.#open.get(question)
    if (open !== undefined) return open
    if (this.#open.size >= maxOpenQuestions) {
      throw new IntrospectionUnavailableError('too many questions about tokens are open', 1)
    }
    const answer = this.#askNow(id, compactToken, exchange).finally(() => this.#open.delete(question))
    this.#open.set(question, answer)
    return answer
  }

  async #askNow(id: string, compactToken: string, exchange: OnlineExchange): Promise<Claims> {
    try {
      return await this.#online.ask(compactToken, exchange)
    } catch (error) {
      if (error instanceof TokenError) this.#inactiveUntil.set(id, exchange.now + inactiveSeconds)
      throw error
    }
  }
}
