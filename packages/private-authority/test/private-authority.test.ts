import { X509Certificate } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPrivateAuthority, type PrivateAuthority } from '../src/private-authority.ts'

const folder = mkdtempSync(join(tmpdir(), 'authority-'))
let authority: PrivateAuthority

beforeAll(async () => {
  authority = await openPrivateAuthority(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a certificate of the stack’s own authority', () => {
  it('is trusted by who trusts the authority, for each of its names', async () => {
    for (const servername of ['localhost', 'keycloak.localhost'])
      expect(await handshake({ servername, ca: authority.certificate })).toBe('trusted')
  })

  it('is trusted for an address that it names', async () => {
    expect(await handshake({ ca: authority.certificate })).toBe('trusted')
  })

  it('is not trusted for another name', async () => {
    expect(await handshake({ servername: 'mcp-server.localhost', ca: authority.certificate })).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
  })

  it('is not trusted by who trusts the public authorities alone', async () => {
    expect(await handshake({ servername: 'localhost' })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
})

describe('the authority', () => {
  it('stays the same when it is opened again', async () => {
    expect((await openPrivateAuthority(folder)).certificate).toBe(authority.certificate)
  })

  it('is made anew a month before it ends, and not earlier', async () => {
    const opened = new Date(new X509Certificate(authority.certificate).validTo).getTime()
    const before = async (days: number) => {
      vi.useFakeTimers({ now: opened - days * 86_400_000, toFake: ['Date'] })
      const aside = mkdtempSync(join(tmpdir(), 'authority-'))
      cpSync(folder, aside, { recursive: true })
      const { certificate } = await openPrivateAuthority(aside)
      rmSync(aside, { recursive: true })
      vi.useRealTimers()
      return certificate
    }
    expect(await before(31)).toBe(authority.certificate)
    expect(await before(29)).not.toBe(authority.certificate)
  })

  it('keeps its key to its owner', () => {
    expect(statSync(join(folder, 'authority-key.pem')).mode & 0o777).toBe(0o600)
  })
})

/** Connects to a server with a new certificate, and tells what the client thinks of it. */
async function handshake(client: { servername?: string; ca?: string }): Promise<string> {
  const { certificate, key } = await authority.issue(['localhost', 'keycloak.localhost', '127.0.0.1'])
  const server = createServer({ cert: certificate, key }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise<string>((resolve) => {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...client }, () => {
        socket.destroy()
        resolve('trusted')
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  } finally {
    server.close()
  }
}
