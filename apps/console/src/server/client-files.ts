import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

/** One file of the built page, held in memory. */
export interface ClientFile {
  body: Buffer
  /** Compressed forms, where they are smaller. */
  compressed: { br?: Buffer; gzip?: Buffer }
  contentType: string
  /** Strong validator over the bytes. */
  etag: string
  /** The name carries a digest of the content, so the file never changes. */
  immutable: boolean
}

/** Path as in the address (`/assets/main-abc.js`) → file. Nothing outside the map can be reached, however it is asked for. */
export type ClientFiles = ReadonlyMap<string, ClientFile>

/** Reads the built page into memory. @throws when the folder cannot be read, or holds a kind of file that is not known. */
export async function readClientFiles(folder: string): Promise<ClientFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = new Map<string, ClientFile>()
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue
    const path = join(entry.parentPath, entry.name)
    files.set(`/${relative(folder, path).split(sep).join('/')}`, await readClientFile(path))
  }
  return files
}

async function readClientFile(path: string): Promise<ClientFile> {
  const contentType = contentTypes[extname(path)]
  if (contentType === undefined) throw new TypeError(`No content type is known for ${path}`)
  const body = await readFile(path)
  return {
    body,
    compressed: isText(contentType) ? compress(body) : {},
    contentType,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: /-[\w-]{8,}\.\w+$/.test(path) && path.includes(`${sep}assets${sep}`),
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
}

const isText = (contentType: string): boolean => contentType.includes('charset')

function compress(body: Buffer): ClientFile['compressed'] {
  const [br, gzip] = [brotliCompressSync(body), gzipSync(body, { level: 9 })]
  return { ...(br.length < body.length ? { br } : {}), ...(gzip.length < body.length ? { gzip } : {}) }
}
