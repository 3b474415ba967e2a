import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { developmentPeople } from '@mcp-identity/sample-company'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  connectionOf,
  type DomainAdministration,
  hasSamba,
  loopbackAddress,
  openDomainAdministration,
  type RunningDomainController,
  startDomainController,
} from '../src/domain-controller/index.ts'
import {
  connectDirectory,
  type DirectoryChange,
  type DirectoryMemory,
  type DirectoryWatch,
  type KnownPerson,
  watchDirectory,
} from '../src/index.ts'

/** Not the address that any block of ports has. */
const address = loopbackAddress(process.pid % 1_000)

describe.skipIf(!hasSamba())('a Samba domain controller', { timeout: 20_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'active-directory-'))
  let controller: RunningDomainController
  let domain: DomainAdministration
  let watch: DirectoryWatch | undefined

  beforeAll(async () => {
    controller = await startDomainController({ folder, address })
    domain = openDomainAdministration(controller)
  }, 60_000)
  afterAll(async () => {
    await domain.close()
    await controller.stop()
    rmSync(folder, { recursive: true })
  })
  afterEach(async () => {
    await watch?.stop()
    await domain.enable('anna')
    await domain.unlock('bob')
    await domain.setExpiry('dave', undefined)
  })

  function memory(known = new Map<string, KnownPerson>()): DirectoryMemory & { known: Map<string, KnownPerson> } {
    return {
      known,
      load: () => new Map(known),
      save(people) {
        for (const [id, person] of people) {
          if (person === undefined) known.delete(id)
          else known.set(id, person)
        }
      },
    }
  }

  /** Watches from now on; resolves when the directory as it is was read. */
  async function startWatching(remembered = memory()) {
    const told: string[] = []
    let refusals = 0
    const onChanges = async (changes: readonly DirectoryChange[]) => {
      if (refusals-- > 0) throw new Error('not now')
      told.push(...changes.map(({ username, cause }) => `${username} ${cause}`))
    }
    const started = watchDirectory({
      connection: connectionOf(controller, controller.reader),
      tree: controller,
      memory: remembered,
      onChanges,
      pollIntervalMs: 20,
    })
    watch = started
    await expect.poll(() => started.state().currentAtMs, { timeout: 5_000 }).toBeDefined()
    return {
      told,
      refuseOnce: () => {
        refusals = 1
      },
      expectTold: (...lines: string[]) => expect.poll(() => told, { timeout: 5_000, interval: 10 }).toEqual(lines),
      /** Resolves when the watcher knows her as somebody who may come in. */
      expectActive: (username: string) =>
        expect
          .poll(() => [...remembered.known.values()].find((person) => person.username === username)?.state)
          .toBe('active'),
      state: started.state,
    }
  }

  it('is reached by LDAPS only, under its own CA', async () => {
    const connection = connectionOf(controller, controller.reader)
    await expect(connectDirectory({ ...connection, url: connection.url.replace('ldaps', 'ldap') })).rejects.toThrow(
      'ldaps://',
    )
    await expect(connectDirectory({ ...connection, ca: undefined })).rejects.toThrow(/certificate/)
  })

  it('has the people of the sample company, everybody in the primary group of staff', async () => {
    expect(await domain.groupsOf('carol')).toEqual(['Administrators', 'All Staff'])
    expect(await domain.groupsOf('erin')).toEqual(['All Staff'])
  })

  it('keeps its secrets from others', () => {
    const said = JSON.stringify(controller)
    for (const { passwordFile } of [controller.administrator, controller.reader])
      expect(said).not.toContain(readFileSync(passwordFile, 'utf8'))
  })

  it('disabled and enabled', async () => {
    const { expectTold, expectActive } = await startWatching()
    await domain.disable('anna')
    await expectTold('anna disabled')
    await domain.enable('anna')
    await expectActive('anna')
    await domain.disable('anna')
    await expectTold('anna disabled', 'anna disabled')
  })

  it('locked after wrong passwords', async () => {
    const { expectTold } = await startWatching()
    const asBob = { ...connectionOf(controller, controller.reader), bindDn: 'bob@company.com', password: 'wrong' }
    for (let attempt = 0; attempt < 5; attempt += 1) await connectDirectory(asBob).catch(() => {})
    await expectTold('bob locked')
  })

  it('expired, must change the password, has another password', async () => {
    const { expectTold, expectActive } = await startWatching()
    await domain.setExpiry('dave', Date.now() - 1_000)
    await expectTold('dave account_expired')
    await domain.setExpiry('dave', undefined)
    await expectActive('dave')
    await domain.requirePasswordChange('dave', true)
    await expectTold('dave account_expired', 'dave password_expired')
    await domain.resetPassword('dave', 'dave-at-company')
    await expectTold('dave account_expired', 'dave password_expired', 'dave credential_changed')
  })

  it('expires while it is watched, with nothing changed in the directory', async () => {
    await domain.setExpiry('dave', Date.now() + 1_500)
    const { told, expectTold } = await startWatching()
    expect(told).toEqual([])
    await expectTold('dave account_expired')
  })

  it('in and out of groups, also through others', async () => {
    await domain.addGroup('Junior Analysts')
    const { expectTold } = await startWatching()
    await domain.addMember('Junior Analysts', 'erin')
    await expectTold('erin groups_changed')
    await domain.nestGroup('Data Analysts', 'Junior Analysts')
    await expectTold('erin groups_changed', 'erin groups_changed')
    await domain.removeGroup('Junior Analysts')
    await expectTold('erin groups_changed', 'erin groups_changed', 'erin groups_changed')
  })

  it('in a group that is renamed', async () => {
    const { expectTold } = await startWatching()
    await domain.renameGroup('Operations', 'Site Operations')
    const members = developmentPeople.filter(({ groups }) => groups.includes('Operations'))
    await expectTold(...members.map(({ username }) => `${username} groups_changed`))
    await domain.renameGroup('Site Operations', 'Operations')
  })

  it('removed for good', async () => {
    const { expectTold } = await startWatching()
    await domain.removePerson('ivan')
    await expectTold('ivan removed')
  })

  it('removed while nobody watched', async () => {
    const remembered = memory()
    await startWatching(remembered)
    await watch?.stop()
    await domain.removePerson('alice')
    const { expectTold } = await startWatching(remembered)
    await expectTold('alice removed')
  })

  it('takes a directory that shows nobody for one that may not be read, and nobody for removed', async () => {
    const remembered = memory()
    await startWatching(remembered)
    await watch?.stop()
    const told: unknown[] = []
    const elsewhere = watchDirectory({
      connection: connectionOf(controller, controller.reader),
      tree: { ...controller, peopleDn: controller.groupsDn },
      memory: remembered,
      onChanges: async (changes) => void told.push(...changes),
    })
    watch = elsewhere
    await expect.poll(() => elsewhere.state().error, { timeout: 5_000 }).toContain('shows nobody below')
    expect(told).toEqual([])
  })

  it('tells again what was not taken, and nothing twice after that', async () => {
    const { expectTold, refuseOnce } = await startWatching()
    refuseOnce()
    await domain.disable('anna')
    await expectTold('anna disabled')
    await domain.addMember('Operations', 'erin')
    await expectTold('anna disabled', 'erin groups_changed')
    await domain.removeMember('Operations', 'erin')
    await expectTold('anna disabled', 'erin groups_changed', 'erin groups_changed')
  })

  it('tells what happened while nobody watched', async () => {
    const remembered = memory()
    await startWatching(remembered)
    await watch?.stop()
    await domain.disable('anna')
    const { expectTold } = await startWatching(remembered)
    await expectTold('anna disabled')
  })

  it('goes on when the domain controller was away', async () => {
    const { expectTold, state } = await startWatching()
    await controller.stop()
    await expect.poll(() => state().error, { timeout: 10_000 }).toBeDefined()
    await controller.start()
    await domain.disable('anna')
    await expectTold('anna disabled')
    expect(state().error).toBeUndefined()
  })
})
