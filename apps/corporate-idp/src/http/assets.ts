import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

const folder = new URL('../assets/', import.meta.url)

const assets = new Map(
  [
    ['/assets/company.css', 'company.css', 'text/css; charset=utf-8'],
    ['/assets/carry-on.js', 'carry-on.js', 'text/javascript; charset=utf-8'],
    ['/assets/logo.svg', 'logo.svg', 'image/svg+xml'],
    ['/favicon.ico', 'logo.svg', 'image/svg+xml'],
  ].map(([path = '', name = '', mediaType = '']) => {
    const body = readFileSync(new URL(name, folder))
    return [path, { body, mediaType, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"` }]
  }),
)

/** @returns Whether the path is an asset. */
export function serveAsset(request: IncomingMessage, response: ServerResponse, path: string): boolean {
  const asset = assets.get(path)
  if (asset === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  response.setHeader('etag', asset.etag)
  response.setHeader('cache-control', 'public, max-age=300')
  if (request.headers['if-none-match'] === asset.etag) response.writeHead(304).end()
  else response.writeHead(200, { 'content-type': asset.mediaType, 'content-length': asset.body.length }).end(asset.body)
  return true
}
