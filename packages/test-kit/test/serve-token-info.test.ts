import { afterEach, describe, expect, it } from 'vitest'
import { frozenNow, googleTokenInfo, serveIntrospection, serveTokenInfo, type TokenInfoServer } from '../src/index.ts'

let server: TokenInfoServer
afterEach(() => server.close())

async function ask(body?: URLSearchParams): Promise<{ status: number; body: unknown }> {
  const answer = body
    ? await fetch(server.url, { method: 'POST', body })
    : await fetch(`${server.url}?access_token=ya29.one`)
  return { status: answer.status, body: await answer.json() }
}

describe('serveTokenInfo', () => {
  it('says what it knows about an opaque token, in the words of Google', async () => {
    server = await serveTokenInfo({ 'ya29.one': googleTokenInfo(frozenNow + 3599) })
    expect(await ask()).toMatchObject({ status: 200, body: { exp: String(frozenNow + 3599), email_verified: 'true' } })
  })

  it('answers 400 for a token it does not know, or knows no longer', async () => {
    server = await serveTokenInfo()
    server.issue('ya29.one', googleTokenInfo(frozenNow))
    server.revoke('ya29.one')
    expect(await ask()).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
  })

  it('answers 503 while it fails', async () => {
    server = await serveTokenInfo()
    server.fail(true)
    expect((await ask()).status).toBe(503)
  })
})

describe('serveIntrospection', () => {
  it('answers active false for a token it does not know', async () => {
    server = await serveIntrospection({ known: { active: true, sub: 'alice' } })
    expect(await ask(new URLSearchParams({ token: 'known' }))).toEqual({
      status: 200,
      body: { active: true, sub: 'alice' },
    })
    expect(await ask(new URLSearchParams({ token: 'other' }))).toEqual({ status: 200, body: { active: false } })
    expect(server.requests).toBe(2)
  })
})
