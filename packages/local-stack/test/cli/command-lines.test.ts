import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { findWorkspaceRoot } from '../../src/stack-folder.ts'

const root = findWorkspaceRoot()
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
/** pnpm has a `doctor` of its own. */
const calledBy = (name: string) => (name === 'doctor' ? 'pnpm run doctor' : `pnpm ${name}`)
const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /^node (\S+)$/.exec(script)?.[1]
  return file === undefined ? [] : [{ command: calledBy(name), file }]
})

async function run(file: string, ...args: string[]) {
  const child = spawn(process.execPath, [file, ...args], { cwd: root, env: { ...process.env, NO_COLOR: '1' } })
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { stdout, stderr, exitCode }
}

describe.each(commands)('$command', { timeout: 30_000 }, ({ command, file }) => {
  test('says how it is called', async () => {
    const { stdout, stderr, exitCode } = await run(file, '--help')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout.startsWith(`Usage: ${command}`)).toBe(true)
  })

  test('ends with 2 for an option that it does not know, and says in two lines which and where help is', async () => {
    const { stdout, stderr, exitCode } = await run(file, '--no-such-option')
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/unknown option '--no-such-option'$/i),
      `See ${command} --help.`,
    ])
  })
})
