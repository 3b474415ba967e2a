import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { choosePorts, isPortFree, portsFrom } from '../src/ports.ts'

const allFree = async (): Promise<boolean> => true
const allBut =
  (...taken: number[]) =>
  async (port: number): Promise<boolean> =>
    !taken.includes(port)

describe('choosePorts', () => {
  test('gives every part its own port, counted from the base', async () => {
    expect(await choosePorts(8480, allFree)).toEqual({
      base: 8480,
      ports: { console: 8480, mcp: 8481, corporateIdp: 8482, keycloak: 8483, keycloakManagement: 8484 },
      taken: [],
    })
  })

  test('moves the whole block when one port is taken, and says which', async () => {
    expect(await choosePorts(8480, allBut(8483))).toEqual({
      base: 8490,
      ports: portsFrom(8490),
      taken: [{ name: 'keycloak', port: 8483 }],
    })
  })

  test('skips blocks that are taken as well', async () => {
    expect((await choosePorts(8480, allBut(8480, 8494, 8501))).base).toBe(8510)
  })

  test('does not mind a port that is taken outside of the block', async () => {
    expect((await choosePorts(8480, allBut(8485))).base).toBe(8480)
  })

  test('minds the ports of replicas and of their store when there are some', async () => {
    expect((await choosePorts(8480, allBut(8485, 8488), 2)).taken).toEqual([{ name: 'store', port: 8485 }])
    expect((await choosePorts(8480, allBut(8488), 2)).base).toBe(8480)
    expect((await choosePorts(8480, allBut(8488), 4)).taken).toEqual([{ name: 'replica', port: 8488 }])
  })

  test('says what to do when no block is free', async () => {
    await expect(choosePorts(8480, async () => false)).rejects.toMatchObject({
      name: 'StackError',
      nextStep: expect.stringContaining('PORT_BASE'),
    })
  })

  test('never goes beyond the last port', async () => {
    expect((await choosePorts(65_531, allFree)).ports.keycloakManagement).toBe(65_535)
    await expect(choosePorts(65_531, allBut(65_531))).rejects.toMatchObject({ name: 'StackError' })
  })

  test.each([1023, 65_532, 8480.5, Number.NaN])('refuses %d as a base', async (base) => {
    await expect(choosePorts(base, allFree)).rejects.toThrow(TypeError)
  })
})

describe('isPortFree', () => {
  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])('sees someone who listens on %s', async (host) => {
    const port = await listenOn(host)
    expect(await isPortFree(port)).toBe(false)
  })

  test('finds a port free again once nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = portOf(server.address())
    server.close()
    await once(server, 'close')
    expect(await isPortFree(port)).toBe(true)
  })
})

async function listenOn(host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server.address())
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
