import { Hono } from 'hono'
import type { ConsoleSettings } from '../config.ts'
import type { ClientFile, ClientFiles } from './client-files.ts'
import { type AnswerKind, securityHeaders } from './security-headers.ts'

/** Pages that the browser may open directly; the page itself finds out which one it is. */
const pagePaths = /^\/(?:$|(?:overview|audit|access|people|policies|keys|review)(?:\/[^/]+)?$)/

/**
 * The console's web server: the built page, its settings at `/config.json`, and `/healthz`. It holds no session and
 * no secret, sets no cookie, and speaks to nobody; the page talks to Keycloak and the MCP server itself.
 */
export function createConsoleApp({ settings, files }: { settings: ConsoleSettings; files: ClientFiles }): Hono {
  const page = files.get('/index.html')
  if (page === undefined) throw new TypeError('The built page has no index.html')
  const app = new Hono()

  app.use(async (context, next) => {
    await next()
    const headers = securityHeaders(settings, answerKind(context.req.path, context.res))
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value)
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store')
  })
  app.use(async (context, next) => {
    if (context.req.method === 'GET' || context.req.method === 'HEAD') return next()
    return context.text('Only GET is answered here\n', 405, { allow: 'GET, HEAD' })
  })
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/config.json', (context) => context.json(settings))
  app.get('*', (context) => {
    const { path } = context.req
    const file = pagePaths.test(path) ? page : files.get(path)
    return file === undefined ? context.text('There is no such page\n', 404) : answerFile(file, context.req.raw)
  })
  app.onError((error, context) => {
    console.error(JSON.stringify({ level: 'error', message: error.message }))
    return context.text('The console could not answer\n', 500)
  })
  return app
}

function answerKind(path: string, response: Response): AnswerKind {
  if (response.status === 200 && path === '/silent-check-sso.html') return 'framed page'
  return response.headers.get('content-type')?.startsWith('text/html') === true ? 'page' : 'other'
}

function answerFile(file: ClientFile, request: Request): Response {
  const headers: Record<string, string> = {
    'content-type': file.contentType,
    vary: 'Accept-Encoding',
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    ...(file.immutable ? { etag: file.etag } : {}),
  }
  if (file.immutable && request.headers.get('if-none-match') === file.etag) {
    return new Response(null, { status: 304, headers })
  }
  const encoding = acceptedEncoding(request.headers.get('accept-encoding') ?? '', file)
  const body = encoding === undefined ? file.body : file.compressed[encoding]
  return new Response(new Uint8Array(body ?? file.body), {
    headers: encoding === undefined ? headers : { ...headers, 'content-encoding': encoding },
  })
}

function acceptedEncoding(acceptEncoding: string, { compressed }: ClientFile): 'br' | 'gzip' | undefined {
  const accepted = new Set(
    acceptEncoding
      .split(',')
      .map((part) => part.trim().toLowerCase())
      .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
      .map((part) => part.split(';')[0]?.trim()),
  )
  return (['br', 'gzip'] as const).find((name) => accepted.has(name) && compressed[name] !== undefined)
}
