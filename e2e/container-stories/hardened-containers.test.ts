import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'

const run = promisify(execFile)
const containers = Object.entries(inject('containers') ?? {})

interface Inspection {
  Config: { User: string; Env: string[] }
  HostConfig: {
    ReadonlyRootfs: boolean
    CapDrop: string[]
    SecurityOpt: string[]
    Privileged: boolean
    PortBindings: Record<string, { HostIp: string }[]>
  }
}

async function inspect(name: string): Promise<Inspection> {
  const { stdout } = await run('docker', ['inspect', name])
  return JSON.parse(stdout)[0]
}

describe.runIf(containers.length > 0)('what a container may do', () => {
  const serving = containers.filter(([service]) => service !== 'setup')

  it.each(serving)('%s runs as nobody special, on a file system that it cannot change', async (_service, name) => {
    const { Config, HostConfig } = await inspect(name)
    expect(Config.User).toMatch(/^[1-9]\d*:/)
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'] })
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true')
  })

  it.each(serving)('%s is reached from this machine only', async (_service, name) => {
    const { HostConfig } = await inspect(name)
    const addresses = Object.values(HostConfig.PortBindings).flatMap((bindings) => bindings.map(({ HostIp }) => HostIp))
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']))
  })

  it('shows no secret in the description or the log of any container', async () => {
    const folder = join(inject('logs'), 'secrets')
    const secrets = await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const content = (await readFile(join(folder, name), 'utf8')).trim()
        return { name, value: content.startsWith('{') ? (JSON.parse(content) as { d: string }).d : content }
      }),
    )
    expect(secrets.length).toBeGreaterThan(5)
    const found: string[] = []
    for (const [service, name] of containers) {
      const description = await run('docker', ['inspect', name])
      const log = await run('docker', ['logs', name], { maxBuffer: 1 << 28 })
      const text = description.stdout + log.stdout + log.stderr
      found.push(...secrets.filter(({ value }) => text.includes(value)).map((secret) => `${secret.name} in ${service}`))
    }
    expect(found).toEqual([])
  })
})
