import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Options that a package takes and its README does not name: members of the interfaces `…Options` and `…Settings` that an
 * `index.ts`, or one of `more`, exports. Those for tests alone, `clock` and `fetch`, may be left out.
 */
export function undocumentedOptions(packageFolder: string, more: readonly string[] = []): string[] {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  const sources = readdirSync(join(packageFolder, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const textOf = (file: string): string => readFileSync(join(packageFolder, 'src', file), 'utf8')
  const isEntry = (file: string): boolean => /(^|\/)index\.ts$/.test(file) || more.includes(file)
  const entries = sources.filter(isEntry).map(textOf).join('\n')
  return sources.flatMap((file) =>
    [...textOf(file).matchAll(/^export interface (\w+(?:Options|Settings)) [^{]*\{\n(.*?)^\}/gms)]
      .filter(([, name = '']) => new RegExp(`\\b${name}\\b`).test(entries))
      .flatMap(([, name, members = '']) => membersOf(members).map((member) => ({ name, member })))
      .filter(({ member }) => !forTests.includes(member) && !new RegExp(`\\b${member}\\b`).test(readme))
      .map(({ name, member }) => `${name}.${member}`),
  )
}

const forTests = ['clock', 'fetch']

function membersOf(text: string): string[] {
  return [...text.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member)
}
