import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dpopFaults, keySetBehaviours, testKeys, tokenFaults } from '../src/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

describe('the README', () => {
  it('shows the example that this suite runs', () => {
    const example = readFileSync(new URL('./example/refuses-bad-tokens.test.ts', import.meta.url), 'utf8')
    expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``)
  })

  it.each([
    ...Object.keys(keySetBehaviours),
    ...Object.keys(testKeys),
    ...Object.keys(tokenFaults),
    ...Object.keys(dpopFaults),
  ])('names %s', (name) => {
    expect(readme).toContain(`\`${name}\``)
  })
})
