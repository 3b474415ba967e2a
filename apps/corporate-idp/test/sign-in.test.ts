import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, createBrowser, type Page, readForm } from './support/browser.ts'
import { brokerSecret, type Company, developmentSecret, startCompany } from './support/company.ts'

let company: Company
let configuration: client.Configuration

beforeAll(async () => {
  company = await startCompany()
  configuration = await client.discovery(
    new URL(company.issuer),
    'keycloak-broker',
    undefined,
    client.ClientSecretBasic(brokerSecret),
    { execute: [client.allowInsecureRequests] },
  )
})
afterAll(() => company.stop())

/** Starts a sign-in as Keycloak does. */
async function beginSignIn(parameters: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: company.redirectUri,
    scope: 'openid profile email groups',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 'the state',
    nonce: 'the nonce',
    ...parameters,
  })
  return { url: url.href, verifier }
}

async function openSignIn(browser: Browser = createBrowser()) {
  const { url, verifier } = await beginSignIn()
  const page = await browser.open(url, { until: company.redirectUri })
  return { browser, page, verifier }
}

async function signIn(username: string, password = `${username}-at-company`, browser: Browser = createBrowser()) {
  const { page, verifier } = await openSignIn(browser)
  const after = page.url.startsWith(company.redirectUri)
    ? page
    : await browser.submit(page, { username, password }, { until: company.redirectUri })
  return { after, verifier, browser }
}

async function redeem(after: Page, verifier: string) {
  const tokens = await client.authorizationCodeGrant(configuration, new URL(after.url), {
    pkceCodeVerifier: verifier,
    expectedState: 'the state',
    expectedNonce: 'the nonce',
  })
  return tokens.claims()
}

async function setActive(username: string, active: boolean) {
  const response = await fetch(`${company.issuer}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active }),
  })
  expect(response.status).toBe(200)
}

describe('signing in', () => {
  it('gives Keycloak an ID token with the person, her department and her groups', async () => {
    const { after, verifier } = await signIn('carol')
    expect(await redeem(after, verifier)).toMatchObject({
      sub: 'emp-1004',
      name: 'Carol Weber',
      given_name: 'Carol',
      family_name: 'Weber',
      preferred_username: 'carol',
      email: 'carol@company.com',
      email_verified: true,
      department: 'IT',
      zoneinfo: 'Europe/Berlin',
      country: 'DE',
      groups: ['Administrators', 'All Staff'],
    })
  })

  it('takes a user name in any case', async () => {
    const { after, verifier } = await signIn('CAROL', 'carol-at-company')
    expect(await redeem(after, verifier)).toMatchObject({ sub: 'emp-1004' })
  })

  it('asks once: the next application finds her signed in, after a restart too', async () => {
    const { browser } = await signIn('dave')
    await company.restart()
    const { after, verifier } = await signIn('dave', 'not asked for', browser)
    expect(await redeem(after, verifier)).toMatchObject({ sub: 'emp-1005' })
  })

  it('answers a wrong password and an unknown user name alike', async () => {
    const wrong = await signIn('carol', 'guess')
    const unknown = await signIn('mallory', 'guess')
    expect(wrong.after.status).toBe(401)
    expect(wrong.after.text).toContain('The user name or the password is wrong.')
    const withoutNames = ({ text }: Page) => text.replace(/sign-in\/[\w-]+|value="[^"]*"/g, '')
    expect(withoutNames(unknown.after)).toBe(withoutNames(wrong.after))
  })

  it('makes a user name wait after ten wrong passwords, and says how long', async () => {
    const { browser, page } = await openSignIn()
    let last = page
    for (let attempt = 0; attempt < 10; attempt += 1)
      last = await browser.submit(last, { username: 'bob', password: 'guess' })
    expect(last.status).toBe(401)
    const refused = await browser.submit(last, { username: 'bob', password: 'bob-at-company' })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.text).toMatch(/Too many attempts\. Try again in 15 min/)
  })

  it('can be cancelled', async () => {
    const { browser, page } = await openSignIn()
    const cancel = { ...page, text: page.text.slice(page.text.indexOf('/cancel') - 200) }
    const after = await browser.submit(cancel, {}, { until: company.redirectUri })
    expect(new URL(after.url).searchParams.get('error')).toBe('access_denied')
  })
})

describe('a disabled person', () => {
  it('cannot sign in, and is told so once the password was right', async () => {
    await setActive('anna', false)
    const { after } = await signIn('anna')
    expect(after.status).toBe(403)
    expect(after.text).toContain('Your account is disabled')
    const guess = await signIn('anna', 'guess')
    expect(guess.after.text).not.toContain('disabled')
    await setActive('anna', true)
  })

  it('is no longer signed in, even after she is enabled again', async () => {
    const { browser } = await signIn('anna')
    await setActive('anna', false)
    await setActive('anna', true)
    const { page } = await openSignIn(browser)
    expect(page.text).toContain('Use your Company account.')
  })

  it('gets nothing for a code that was issued before', async () => {
    const { after, verifier } = await signIn('anna')
    await setActive('anna', false)
    await expect(redeem(after, verifier)).rejects.toMatchObject({ error: 'invalid_grant' })
    await setActive('anna', true)
  })

  it('cannot finish a sign-in that she began before', async () => {
    const { browser, page } = await openSignIn()
    await setActive('anna', false)
    const after = await browser.submit(page, { username: 'anna', password: 'anna-at-company' })
    expect(after.status).toBe(403)
    await setActive('anna', true)
  })
})

describe('the page', () => {
  it('names its fields for people and password managers', async () => {
    const { page } = await openSignIn()
    expect(page.text).toContain('<html lang="en">')
    expect(page.text).toContain('<label for="username">')
    expect(page.text).toContain('autocomplete="username"')
    expect(page.text).toContain('<label for="password">')
    expect(page.text).toContain('autocomplete="current-password"')
  })

  it('announces an error and ties it to the fields', async () => {
    const { after } = await signIn('carol', 'guess')
    expect(after.text).toContain('role="alert"')
    expect(after.text.match(/aria-describedby="problem"/g)).toHaveLength(2)
  })

  it('loads nothing from elsewhere and runs no script', async () => {
    const { page } = await openSignIn()
    expect(page.text).not.toMatch(/<script|style="|https?:\/\//)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('shows what somebody typed as text', async () => {
    const { after } = await signIn('"><script>alert(1)</script>', 'guess')
    expect(after.text).not.toContain('<script>')
    expect(after.text).toContain('&lt;script&gt;')
  })

  it('serves its style sheet with a validator', async () => {
    const first = await fetch(`${company.issuer}/assets/company.css`)
    expect(first.headers.get('content-type')).toBe('text/css; charset=utf-8')
    const etag = first.headers.get('etag') ?? ''
    const second = await fetch(`${company.issuer}/assets/company.css`, { headers: { 'if-none-match': etag } })
    expect(second.status).toBe(304)
  })
})

describe('a forged form', () => {
  it.each([
    ['without its token', { csrf: '' }, {}],
    ['with another token', { csrf: 'x'.repeat(43) }, {}],
    ['from another origin', {}, { origin: 'https://evil.example' }],
    ['from another site', {}, { 'sec-fetch-site': 'cross-site' }],
  ])('is refused: %s', async (_title, fields, headers) => {
    const { browser, page } = await openSignIn()
    const after = await browser.submit(
      page,
      { username: 'carol', password: 'carol-at-company', ...fields },
      { headers },
    )
    expect(after.status).toBe(403)
  })

  it('is refused: from a browser that did not begin this sign-in', async () => {
    const { page } = await openSignIn()
    const victim = (await openSignIn()).browser
    const after = await victim.submit(page, { username: 'carol', password: 'carol-at-company' })
    expect(after.status).toBe(400)
    expect(after.text).toContain('This sign-in has expired')
  })

  it('is refused: as JSON', async () => {
    const { browser, page } = await openSignIn()
    const after = await browser.open(new URL(readForm(page.text).action, page.url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(after.status).toBe(415)
  })

  it('is refused: of more than 16 KiB', async () => {
    const { browser, page } = await openSignIn()
    expect((await browser.submit(page, { username: 'x'.repeat(17_000) })).status).toBe(413)
  })
})

describe('other requests', () => {
  it('get a page that helps when the sign-in is not known', async () => {
    const page = await createBrowser().open(`${company.issuer}/sign-in/unknown`)
    expect(page.status).toBe(400)
    expect(page.text).toContain('Go back to the application')
  })

  it('are refused for a client or a redirect that is not registered', async () => {
    for (const change of [{ client_id: 'other' }, { redirect_uri: 'https://evil.example/' }]) {
      const { url } = await beginSignIn(change)
      const page = await createBrowser().open(url)
      expect(page.status).toBe(400)
      expect(page.text).toContain('This sign-in could not be completed')
    }
  })

  it('are refused without PKCE', async () => {
    const { url } = await beginSignIn()
    const bare = new URL(url)
    bare.searchParams.delete('code_challenge')
    bare.searchParams.delete('code_challenge_method')
    const page = await createBrowser().open(bare.href, { until: company.redirectUri })
    expect(new URL(page.url).searchParams.get('error')).toBe('invalid_request')
  })

  it('sign out only after the person agreed', async () => {
    const { browser } = await signIn('carol')
    const question = await browser.open(`${company.issuer}/session/end`)
    expect(question.text).toContain('Sign out of Company?')
    const done = await browser.submit(
      { ...question, text: question.text.replace(/type='hidden'/g, 'type="hidden"') },
      { logout: 'yes' },
    )
    expect(done.text).toContain('You are signed out')
    expect((await openSignIn(browser)).page.text).toContain('Use your Company account.')
  })
})

describe('the log', () => {
  it('holds no password, secret, code, token or cookie', async () => {
    const { after, verifier, browser } = await signIn('carol')
    await redeem(after, verifier)
    await signIn('my-password-typed-as-user-name', 'guess')
    const cookies = (await browser.jar.getCookies(company.issuer)).map(({ value }) => value)
    const code = new URL(after.url).searchParams.get('code') ?? 'no code'
    const text = company.lines.join('')
    for (const secret of [
      'at-company',
      developmentSecret,
      brokerSecret,
      'my-password',
      'eyJ',
      code,
      verifier,
      ...cookies,
    ]) {
      expect(text).not.toContain(secret)
    }
    expect(text).toContain('"username":"carol","outcome":"right"')
  })

  it('is one JSON object a line', () => {
    for (const line of company.lines) expect(() => JSON.parse(line)).not.toThrow()
  })
})
