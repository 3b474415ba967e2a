import { describe, expect, it } from 'vitest'
import { OnlineQuestions } from '../../src/online/online-questions.ts'
import { refuse } from '../../src/token-error.ts'
import type { Claims } from '../../src/verified-access-token.ts'

const exchange = { fetch, limits: { timeoutMs: 1000, maxBytes: 1000 }, now: 1000 }

function questions(ask: (compactToken: string) => Promise<Claims>, cacheSeconds = 10) {
  const asked: string[] = []
  const online = new OnlineQuestions({
    takesOpaque: () => true,
    completes: () => true,
    cacheSeconds,
    ask: (compactToken) => {
      asked.push(compactToken)
      return ask(compactToken)
    },
  })
  return { asked, at: (now: number, token = 'token') => online.ask(token, { ...exchange, now }) }
}

describe('questions to an issuer', () => {
  it('are not asked again for 30 seconds about a token that was not active', async () => {
    const { asked, at } = questions(async () => refuse('inactive', 'gone'))
    await expect(at(1000)).rejects.toThrow('gone')
    for (const now of [1000, 1029.9]) expect(() => at(now)).toThrow('the issuer says that the token is not active')
    expect(asked).toHaveLength(1)
    await expect(at(1030)).rejects.toThrow('gone')
    expect(asked).toHaveLength(2)
  })

  it('are asked again at once when there was no answer', async () => {
    const { asked, at } = questions(async () => Promise.reject(new Error('down')))
    await expect(at(1000)).rejects.toThrow('down')
    await expect(at(1000)).rejects.toThrow('down')
    expect(asked).toHaveLength(2)
  })

  it('are at most 100 at a time', async () => {
    const answers: (() => void)[] = []
    const { asked, at } = questions(() => new Promise((resolve) => answers.push(() => resolve({}))))
    const open = Array.from({ length: 100 }, (_, number) => at(1000, `token ${number}`))
    expect(() => at(1000, 'one more')).toThrow('too many questions about tokens are open')
    for (const answer of answers) answer()
    await Promise.all(open)
    const another = at(1000, 'one more')
    answers.at(-1)?.()
    await another
    expect(asked).toHaveLength(101)
  })

  it('are one for many calls, unless no answer may be used twice', async () => {
    for (const [cacheSeconds, count] of [
      [10, 1],
      [0, 3],
    ] as const) {
      const { asked, at } = questions(async () => ({}), cacheSeconds)
      await Promise.all([at(1000), at(1000), at(1000)])
      expect(asked).toHaveLength(count)
    }
  })
})
