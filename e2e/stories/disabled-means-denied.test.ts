import { refusalBoundMs, summarise } from '@mcp-identity/local-stack/demo'
import { doorsOf } from '@mcp-identity/local-stack/doors'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'
import { type DoorRound, isRefused, openDoorOnce } from '../door-round.ts'

const stack = inject('stack')
const username = 'anna'
const roundsPerDoor = 3
const table: string[] = []

/** Doors after which a refresh still gives tokens, and why that is right. */
const refreshGoesOn: Record<string, string> = {
  'global-token-revocation':
    'it is sent to the MCP server, and ends what that was given; Keycloak is told by other doors',
  'keycloak-password-reset': 'Keycloak keeps the sessions of whose password an administrator sets',
  'group-removed': 'she stays, with fewer permissions',
}

afterAll(() => {
  const head = `${'door'.padEnd(32)} answer to first refusal (ms)   click to first refusal (ms)`
  console.log(['', head, ...table].join('\n'))
})

describe.each(doorsOf(stack))('$title', (door) => {
  afterEach(() => door.restore({ username }))

  it(`is refused within ${refusalBoundMs} ms, and never allowed again`, { timeout: 120_000 }, async () => {
    const rounds: DoorRound[] = []
    for (let round = 0; round < roundsPerDoor; round += 1) {
      rounds.push(await openDoorOnce(stack, door, username))
      await door.restore({ username })
    }
    table.push(`${door.name.padEnd(32)} ${times(rounds, 'answerToRefusalMs')}   ${times(rounds, 'clickToRefusalMs')}`)
    for (const round of rounds) {
      expect(round.answerToRefusalMs).toBeLessThan(refusalBoundMs)
      expect(round.afterwards.filter((answer) => !isRefused(answer))).toEqual([])
      expect(round.refreshError).toBe(door.name in refreshGoesOn ? undefined : 'invalid_grant')
      if (door.ends === 'permission') {
        expect(round.streamEnd).toBeUndefined()
        continue
      }
      expect(round.refusal).toMatchObject({ status: 401, challengeError: 'invalid_token' })
      expect(round.streamEnd).toBe('{"reason":"revoked"}')
    }
  })
})

function times(rounds: DoorRound[], of: 'answerToRefusalMs' | 'clickToRefusalMs'): string {
  const { minimum, median, maximum } = summarise(rounds.map((round) => Math.round(round[of])))
  return `min ${minimum}, median ${median}, max ${maximum}`.padEnd(30)
}
