import { expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer } from './fixtures/test-server.ts'

it('says that it stops while it answers on, so that a proxy sends the next calls elsewhere', async () => {
  const app = await startTestServer({ drainMs: 500 })
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
  const stopped = app.stop()
  const notReady = await app.get('/readyz')
  expect(notReady.status).toBe(503)
  expect(await notReady.json()).toMatchObject({
    ready: false,
    checks: expect.arrayContaining([
      expect.objectContaining({ name: 'server', ready: false, waitsFor: 'its end: it was told to stop' }),
    ]),
  })
  const answer = await app.get('/access', app.tokenOf('anna'))
  expect(answer.status).toBe(200)
  expect(answer.headers.get('connection')).toBe('close')
  await stopped
  await expect(app.get('/healthz')).rejects.toThrow()
})
