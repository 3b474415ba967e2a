// Makes JavaScript of the TypeScript below FOLDER/apps and FOLDER/packages, in place, as Node itself would when it loads it:
//   node strip-types.mjs FOLDER
// A process that loads TypeScript keeps Node's parser of it in memory, 9 MB in each of its threads, for as long as it lives.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
/** What `import`, `new URL` and the like name: a file beside, by its path. */
const pathOfSource = /(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g

for (const workspaces of ['apps', 'packages'])
  for (const { parentPath, name } of readdirSync(join(folder, workspaces), { withFileTypes: true, recursive: true })) {
    const file = join(parentPath, name)
    if (file.includes('node_modules')) continue
    if (name === 'package.json') writeFileSync(file, readFileSync(file, 'utf8').replace(pathOfSource, '$1$2.js$1'))
    if (!name.endsWith('.ts')) continue
    const source = stripTypeScriptTypes(readFileSync(file, 'utf8'))
    writeFileSync(file.replace(/\.ts$/, '.js'), source.replace(pathOfSource, '$1$2.js$1'))
    rmSync(file)
  }
