import { describe, expect, it } from 'vitest'
import { oneAtATime } from '../src/one-at-a-time.ts'

/** Questions that are answered by hand, in the order in which they were asked. */
function questions() {
  const asked: { resolve: (answer: string) => void; reject: (reason: Error) => void }[] = []
  const share = oneAtATime<string, string>()
  const ask = () => new Promise<string>((resolve, reject) => asked.push({ resolve, reject }))
  return { asked, about: (key: string) => share(key, ask) }
}

describe('while something is asked', () => {
  it('whoever comes waits for the next question, which all who came meanwhile share', async () => {
    const { asked, about } = questions()
    const first = about('erin')
    const others = [about('erin'), about('erin')]
    expect(asked).toHaveLength(1)
    asked[0]?.resolve('old')
    expect(await first).toBe('old')
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('new')
    expect(await Promise.all(others)).toEqual(['new', 'new'])
  })

  it('a question about something else does not wait', async () => {
    const { asked, about } = questions()
    void about('erin')
    void about('dave')
    expect(asked).toHaveLength(2)
  })

  it('whoever comes as soon as the answer is there shares the next as well, and two are never under way', async () => {
    const { asked, about } = questions()
    const third = about('erin').then(() => about('erin'))
    const second = about('erin')
    asked[0]?.resolve('1')
    await Promise.resolve()
    await Promise.resolve()
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('2')
    expect(await Promise.all([second, third])).toEqual(['2', '2'])
    expect(asked).toHaveLength(2)
  })
})

it('whoever comes after the answer asks anew', async () => {
  const { asked, about } = questions()
  const first = about('erin')
  asked[0]?.resolve('1')
  await first
  const second = about('erin')
  asked[1]?.resolve('2')
  expect(await second).toBe('2')
})

it('a question that fails fails for those who shared it, and the next is asked all the same', async () => {
  const { asked, about } = questions()
  const first = about('erin')
  const second = about('erin')
  asked[0]?.reject(new Error('no answer'))
  await expect(first).rejects.toThrow('no answer')
  asked[1]?.resolve('2')
  expect(await second).toBe('2')
})
