import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadPolicies } from '../src/index.ts'
import { people } from './people.ts'

const cli = fileURLToPath(new URL('../src/cli/what-if.ts', import.meta.url))
const ask = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' })

describe('what-if', () => {
  it('says how every policy stands to a call', () => {
    const at = Date.parse('2026-11-23T15:00:00Z') / 1000
    const resource = { type: 'Customer', id: 'c', team: 'Sales East' }
    const answer = loadPolicies().explainWhatIf({
      caller: people.bob,
      tool: 'update_customer',
      resource,
      context: { at },
    })
    const standing = new Map(answer.policies.map(({ name, standing }) => [name, standing]))
    expect(answer).toMatchObject({
      decision: { outcome: 'denied' },
      at: '2026-11-23T07:00:00-08:00',
      rows: { parameters: ['Sales West'] },
    })
    expect(standing.get('account-managers-change-their-own-team')).toBe('condition missing')
    expect(standing.get('customer-readers-read')).toBe('about others')
  })

  it('takes the hour where the person is, and tells the next one that is right', () => {
    const { stdout, status } = ask('--as', 'carol', '--tool', 'delete_customer', '--at', '2026-12-24T22:00')
    expect(status).toBe(1)
    expect(stdout).toContain('at 2026-12-24T22:00:00+01:00 (outside business hours): DENIED')
    expect(stdout).toContain('Allowed again from 2026-12-28T09:00:00+01:00.')
    expect(ask('--as', 'carol', '--tool', 'delete_customer', '--at', '2026-12-23T10:00').status).toBe(0)
  })

  it.each([
    [['--as', 'mallory', '--tool', 'whoami'], 'nobody is called mallory'],
    [['--as', 'anna', '--tool', 'drop_table'], 'there is no tool drop_table'],
    [['--as', 'anna', '--tool', 'whoami', '--at', 'tomorrow'], 'not a time'],
    [['--as', 'anna', '--tool', 'get_customer', '--record', 'colour=red'], 'Customer has no attribute colour'],
    [['--as', 'anna'], '--as and --tool are needed'],
    [['--who', 'anna'], "Unknown option '--who'"],
  ])('answers a wrong question with what is wrong: %j', (args, problem) => {
    const { stderr, status } = ask(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(problem)
  })
})
