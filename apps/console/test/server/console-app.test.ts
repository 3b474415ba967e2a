import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ConsoleSettings } from '../../src/config.ts'
import type { ClientFile, ClientFiles } from '../../src/server/client-files.ts'
import { createConsoleApp } from '../../src/server/console-app.ts'

const settings: ConsoleSettings = {
  issuer: 'https://id.company.com/realms/company',
  clientId: 'console',
  mcp: 'https://mcp.company.com/mcp',
  replicas: [],
  corporateIdp: 'https://people.company.com',
  development: false,
}

const file = (text: string, contentType: string, immutable = false): ClientFile => ({
  body: Buffer.from(text),
  compressed: {},
  contentType,
  etag: '"etag"',
  immutable,
})

const files: ClientFiles = new Map([
  ['/index.html', file('<!doctype html><title>Console</title>', 'text/html; charset=utf-8')],
  ['/silent-check-sso.html', file('<!doctype html>', 'text/html; charset=utf-8')],
  ['/assets/main-12345678.js', file('export {}', 'text/javascript; charset=utf-8', true)],
  ['/icon.svg', file('<svg/>', 'image/svg+xml; charset=utf-8')],
])

const get = (path: string, init?: RequestInit, overrides: Partial<ConsoleSettings> = {}): Promise<Response> =>
  Promise.resolve(createConsoleApp({ settings: { ...settings, ...overrides }, files }).request(path, init))

const directives = (response: Response): Record<string, string> =>
  Object.fromEntries(
    (response.headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
      const [name = '', ...values] = directive.split(' ')
      return [name, values.join(' ')]
    }),
  )

const everyRoute: [what: string, path: string, status: number, init?: RequestInit][] = [
  ['the page', '/', 200],
  ['a page deeper down', '/audit/17', 200],
  ['the access review', '/review', 200],
  ['one review', '/review/0b0c8f5e-0000-4000-8000-000000000000', 200],
  ['the policies with a question', '/policies?as=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&tool=get_customer', 200],
  ['the keys', '/keys', 200],
  ['a person with a hostile name', '/people/%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E', 200],
  ['the settings', '/config.json', 200],
  ['the health page', '/healthz', 200],
  ['a script', '/assets/main-12345678.js', 200],
  ['an image', '/icon.svg', 200],
  ['the silent sign-in page', '/silent-check-sso.html', 200],
  ['a file that does not exist', '/assets/main-00000000.js', 404],
  ['a page that does not exist', '/nothing/here/at/all', 404],
  ['a path that climbs', '/..%2f..%2fpackage.json', 404],
  ['the stamp of the build', '/.sources', 404],
  ['a method that is not answered', '/', 405, { method: 'POST' }],
  ['a preflight', '/config.json', 405, { method: 'OPTIONS', headers: { origin: 'https://elsewhere.example' } }],
]

describe('the console server', () => {
  it.each(everyRoute)('answers %s with its status and every security header', async (_what, path, status, init) => {
    const response = await get(path, init)
    expect(response.status).toBe(status)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'permissions-policy': expect.stringContaining('camera=()'),
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('server')).toBeNull()
    expect(response.headers.get('x-powered-by')).toBeNull()
    expect(directives(response)).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'base-uri': "'none'",
      'object-src': "'none'",
      'form-action': "'none'",
      'require-trusted-types-for': "'script'",
    })
    expect(response.headers.get('content-security-policy')).not.toMatch(/unsafe|\*|data:|https?:(?!\/\/)/)
  })

  it('lets the page connect to the parts of the settings alone, replicas among them', async () => {
    const replicas = ['https://mcp-1.company.com', 'https://mcp-2.company.com']
    expect(directives(await get('/', {}, { replicas }))['connect-src']).toBe(
      `'self' https://id.company.com https://mcp.company.com ${replicas.join(' ')} https://people.company.com`,
    )
  })

  it('connects to the authorization server, the MCP server and the corporate IdP, and to nothing else', async () => {
    expect(directives(await get('/'))['connect-src']).toBe(
      "'self' https://id.company.com https://mcp.company.com https://people.company.com",
    )
  })

  it.each(everyRoute.filter(([what]) => what !== 'the silent sign-in page'))(
    'lets nobody frame %s',
    async (_what, path, _status, init) => {
      const response = await get(path, init)
      expect(directives(response)['frame-ancestors']).toBe("'none'")
      expect(response.headers.get('x-frame-options')).toBe('DENY')
    },
  )

  it('lets only this origin frame the silent sign-in page', async () => {
    const response = await get('/silent-check-sso.html')
    expect(directives(response)['frame-ancestors']).toBe("'self'")
    expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  })

  it('leaves out HSTS in development, where there is no TLS', async () => {
    expect((await get('/', undefined, { development: true })).headers.get('strict-transport-security')).toBeNull()
  })

  it.each(['/', '/audit', '/config.json', '/healthz', '/silent-check-sso.html', '/nothing'])(
    'lets no cache keep %s',
    async (path) => {
      expect((await get(path)).headers.get('cache-control')).toBe('no-store')
    },
  )

  it('lets caches keep a file for good when its name holds a digest of it', async () => {
    const response = await get('/assets/main-12345678.js')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const again = await get('/assets/main-12345678.js', { headers: { 'if-none-match': '"etag"' } })
    expect(again.status).toBe(304)
    expect(again.headers.get('content-security-policy')).not.toBeNull()
  })

  it('tells the page where the other parts are, and nothing more', async () => {
    expect(await (await get('/config.json')).json()).toEqual(settings)
  })

  it('sends a compressed form to those who take it', async () => {
    const { gzipSync } = await import('node:zlib')
    const text = 'console.log(1)\n'.repeat(100)
    const compressible = { ...file(text, 'text/javascript; charset=utf-8', true), compressed: { gzip: gzipSync(text) } }
    const app = createConsoleApp({ settings, files: new Map([...files, ['/assets/big-12345678.js', compressible]]) })
    const response = await app.request('/assets/big-12345678.js', { headers: { 'accept-encoding': 'br, gzip' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('vary')).toContain('Accept-Encoding')
    expect(gunzipSync(Buffer.from(await response.arrayBuffer())).toString()).toBe(text)
    const refused = await app.request('/assets/big-12345678.js', { headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(refused.headers.get('content-encoding')).toBeNull()
  })

  it('answers HEAD without a body', async () => {
    const response = await get('/', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })

  it('does not start without a page', () => {
    expect(() => createConsoleApp({ settings, files: new Map() })).toThrow('no index.html')
  })
})
