import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { document } from './readme-example.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

it('shows an example that runs', () => {
  expect(JSON.parse(document)).toMatchObject({ realm: 'company', sslRequired: 'all' })
  const shown = /```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1]
  expect(read('./readme-example.ts').replace('export const document', 'const document')).toBe(shown)
})
