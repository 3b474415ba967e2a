import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compiler } from './compile-strictly.ts'

/**
 * Compiles the TypeScript that the README of a package shows, each example by itself, as strictly as the package.
 *
 * @param given Names that examples take for given, and their types: the application's own, or made by an example above.
 * @returns How many there are, and what the compiler said: nothing when all compile.
 */
export function compileExamples(
  packageFolder: string,
  given: Readonly<Record<string, string>> = {},
): { examples: number; problems: string } {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  // Below the package: what it imports, itself included, is found from there.
  const folder = mkdtempSync(join(packageFolder, 'readme-'))
  try {
    // An example ends where the application goes on with what it made.
    const settings = { extends: '../tsconfig.json', include: ['*.ts'], compilerOptions: { noUnusedLocals: false } }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    for (const [number, code] of examples.entries())
      writeFileSync(join(folder, `example-${number}.ts`), `${declarationsFor(code, given)}\n${code}`)
    const args = [compiler, '--noEmit', '--pretty', 'false', '-p', folder]
    return { examples: examples.length, problems: spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function declarationsFor(code: string, given: Readonly<Record<string, string>>): string {
  return Object.entries(given)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`\\bconst ${name}\\b`).test(code))
    .map(([name, type]) => `declare const ${name}: ${type}`)
    .join('\n')
}
