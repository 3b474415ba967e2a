import { describe, expect, it } from 'vitest'
import { fetchDocument, fetchJsonObject } from '../src/fetch-document.ts'

const address = 'https://as.company.com/keys'
const limits = { timeoutMs: 1000, maxBytes: 100 }
const document = { keys: [] }

/** What comes of an answer, or of several in their order. */
async function fetchFrom(...answers: readonly (() => Response)[]) {
  const requests: Request[] = []
  const ask = async (url: string | URL | Request, init?: RequestInit) => {
    requests.push(new Request(url, init))
    const answer = answers[requests.length - 1] ?? (() => expect.unreachable('it must not ask again'))
    return answer()
  }
  const outcome: unknown = await fetchDocument(address, {}, limits, ask).catch((error: unknown) => error)
  return { outcome, requests }
}

function answerOf(status: number, body: string | null = JSON.stringify(document), headers = {}) {
  return () => new Response(body, { status, headers })
}

describe('a document of an issuer', () => {
  it('is asked for as JSON, uncompressed, without following redirects', async () => {
    const { outcome, requests } = await fetchFrom(answerOf(200))
    expect(outcome).toEqual({ status: 200, document })
    const [request] = requests
    expect(request?.redirect).toBe('manual')
    expect(request?.headers.get('accept')).toBe('application/json')
    expect(request?.headers.get('accept-encoding')).toBe('identity')
  })

  it('comes with its status, whatever that is', async () => {
    expect((await fetchFrom(answerOf(404))).outcome).toEqual({ status: 404, document })
    expect((await fetchFrom(answerOf(200, 'no JSON'))).outcome).toEqual({ status: 200, document: undefined })
    expect((await fetchFrom(answerOf(204, null))).outcome).toEqual({ status: 204, document: undefined })
    expect((await fetchFrom(answerOf(400))).outcome).toEqual({ status: 400, document })
    expect((await fetchFrom(answerOf(299))).outcome).toEqual({ status: 299, document })
  })

  it.each([300, 302, 399])('is never taken from an answer of status %d', async (status) => {
    expect((await fetchFrom(answerOf(status))).outcome).toEqual(new Error('it answered with a redirect'))
  })

  it('is never taken from a redirect that the platform hides', async () => {
    const hidden = () =>
      Object.defineProperty(new Response(JSON.stringify(document)), 'type', { value: 'opaqueredirect' })
    expect((await fetchFrom(hidden)).outcome).toEqual(new Error('it answered with a redirect'))
  })

  it.each(['gzip', 'br', 'deflate', 'identity, gzip'])('is never taken in the encoding %s', async (encoding) => {
    const { outcome } = await fetchFrom(answerOf(200, undefined, { 'content-encoding': encoding }))
    expect(outcome).toEqual(new Error('it answered in compressed form'))
    expect((await fetchFrom(answerOf(200, undefined, { 'content-encoding': 'identity' }))).outcome).toMatchObject({
      document,
    })
  })

  it('that is not taken is not read either', async () => {
    const cancelled: boolean[] = []
    const body = new ReadableStream({
      cancel: () => {
        cancelled.push(true)
      },
    })
    await fetchFrom(() => new Response(body, { status: 302 }))
    expect(cancelled).toEqual([true])
    expect((await fetchFrom(answerOf(304, null))).outcome).toEqual(new Error('it answered with a redirect'))
  })

  it('is as large as is accepted, in one piece or several, and not larger', async () => {
    const exact = JSON.stringify({ text: 'x'.repeat(limits.maxBytes - '{"text":""}'.length) })
    expect((await fetchFrom(answerOf(200, exact))).outcome).toMatchObject({ document: JSON.parse(exact) })
    expect((await fetchFrom(answerOf(200, `${exact} `))).outcome).toEqual(
      new Error('its answer is larger than 100 bytes'),
    )
    const pieces = (text: string) => () =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            for (const piece of text.match(/.{1,30}/g) ?? []) controller.enqueue(new TextEncoder().encode(piece))
            controller.close()
          },
        }),
      )
    expect((await fetchFrom(pieces(exact))).outcome).toMatchObject({ document: JSON.parse(exact) })
    expect((await fetchFrom(pieces(`${exact} `))).outcome).toEqual(new Error('its answer is larger than 100 bytes'))
  })
})

describe('a connection that was lost', () => {
  const lost = (code: string) => () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('gone'), { code }) })
  }

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])('by %s is made once more', async (code) => {
    const { outcome, requests } = await fetchFrom(lost(code), answerOf(200))
    expect(outcome).toMatchObject({ document })
    expect(requests).toHaveLength(2)
    expect((await fetchFrom(lost(code), lost(code))).requests).toHaveLength(2)
  })

  it.each([
    ['the name is unknown', lost('ENOTFOUND')],
    ['nobody listens', lost('ECONNREFUSED')],
    [
      'it took too long',
      () => {
        throw new DOMException('timeout', 'TimeoutError')
      },
    ],
    [
      'nobody says why',
      () => {
        throw new TypeError('fetch failed')
      },
    ],
    [
      'something else was thrown',
      () => {
        throw 'text'
      },
    ],
  ] as const)('is not made again when %s', async (_why, answer) => {
    expect((await fetchFrom(answer)).requests).toHaveLength(1)
  })
})

describe('a JSON object of an issuer', () => {
  const fetchObject = (answer: () => Response) => fetchJsonObject(address, limits, async () => answer())

  it('comes with status 200 and no other', async () => {
    await expect(fetchObject(answerOf(200))).resolves.toEqual(document)
    for (const status of [201, 404, 500])
      await expect(fetchObject(answerOf(status))).rejects.toThrow(`status ${status}`)
    await expect(fetchObject(answerOf(200, '[]'))).rejects.toThrow('it did not answer with a JSON object')
  })
})
