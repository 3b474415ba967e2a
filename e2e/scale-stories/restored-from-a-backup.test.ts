import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findWorkspaceRoot } from '@mcp-identity/local-stack'
import { accessTokenOf, callWithToken, openCorporateDirectory, sessionOf } from '@mcp-identity/local-stack/demo'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { refresh } from '../door-round.ts'

const run = promisify(execFile)
const restoredWithinMs = 10 * 60_000

describe.runIf(inject('containers'))('everything is lost but the company’s directory and a backup', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')
  const replicas = stack?.urls.replicas ?? []
  /** Tokens that would live on for minutes. */
  const tokens: Record<string, string> = {}
  let bobsRefreshToken = ''
  let restoringTookMs = 0

  beforeAll(async () => {
    const bob = sessionOf(stack, 'bob')
    await bob.callTool('whoami')
    bobsRefreshToken = bob.refreshToken() ?? ''
    tokens['who keeps her access'] = await accessTokenOf(stack, 'anna')
    tokens['who was disabled before the backup'] = await accessTokenOf(stack, 'carol')
    tokens['who was disabled after it'] = bob.accessToken()
    await bob.close()
    await directory.disable('carol')
    await directory.settle('carol')

    const backup = await mkdtemp(join(tmpdir(), 'mcp-identity-backup-'))
    await script('backup.sh', '--to', backup)
    await directory.disable('bob')
    await directory.settle('bob')
    await loseEverything()
    const startedAt = performance.now()
    await script('restore.sh', '--from', backup)
    restoringTookMs = performance.now() - startedAt
    await rm(backup, { recursive: true })
  })
  afterAll(async () => {
    for (const username of ['bob', 'carol']) await directory.enable(username)
  })

  it('the stack is back within ten minutes, and whoever may signs in anew', async () => {
    console.log(`restored in ${Math.round(restoringTookMs / 1000)} s`)
    expect(restoringTookMs).toBeLessThan(restoredWithinMs)
    const token = await accessTokenOf(stack, 'anna')
    for (const replica of replicas) expect(await callWithToken(replica, token)).toMatchObject({ status: 200 })
  })

  it.each(['who was disabled before the backup', 'who was disabled after it', 'who keeps her access'])(
    'a token that was issued before is refused at every replica: %s',
    async (whose) => {
      const answers = await Promise.all(replicas.map((replica) => callWithToken(replica, tokens[whose] ?? '')))
      expect(answers.map(({ status, challengeError }) => [status, challengeError])).toEqual(
        replicas.map(() => [401, 'invalid_token']),
      )
    },
  )

  it('who was disabled after the backup gets no new token, though Keycloak has forgotten it: her session is gone, and the directory refuses her', async () => {
    expect(await refresh(stack, bobsRefreshToken)).toBe('invalid_grant')
    await expect(accessTokenOf(stack, 'bob')).rejects.toThrow('the sign-in ended')
  })

  it('the full compare with the directory finds her, and nobody else whom Keycloak takes for enabled by mistake', async () => {
    const { drift } = await directory.reconcile({ dryRun: true })
    const enabledByMistake = drift.filter(({ kind }) => kind === 'active_there_only')
    expect(enabledByMistake.map(({ username }) => username)).toEqual(['bob'])
  })

  it('the audit log of every replica is whole, and goes on', async () => {
    expect(stack.auditLogs).toHaveLength(replicas.length)
    for (const log of stack.auditLogs ?? []) {
      const { stdout } = await run(process.execPath, ['packages/audit-log/src/cli/verify.ts', log], {
        cwd: findWorkspaceRoot(),
      })
      expect(stdout).toMatch(/: intact, \d+ records \(\d+ of them under a signed checkpoint\)/)
    }
  })

  async function script(name: string, ...parameters: string[]): Promise<void> {
    const environment = { ...process.env, ...inject('composeEnvironment') }
    await run(join(findWorkspaceRoot(), 'infra', name), parameters, { env: environment, maxBuffer: 2 ** 26 })
  }

  /** As when the machine burned down. */
  async function loseEverything(): Promise<void> {
    const { COMPOSE_PROJECT_NAME = '', STACK_FOLDER = '' } = inject('composeEnvironment')
    await run('docker', ['compose', '--project-name', COMPOSE_PROJECT_NAME, 'down', '--volumes'])
    for (const folder of [STACK_FOLDER, join(STACK_FOLDER, 'data')])
      for (const name of await readdir(folder))
        if (!['data', 'corporate-idp'].includes(name) || (name === 'corporate-idp' && folder === STACK_FOLDER))
          await rm(join(folder, name), { recursive: true })
  }
})
