/**
 * Loaded into the stack's Node programs before they start: keeps what is left of a source without its types, since stripping
 * them takes a third of a start, in every thread anew. Node's own compile cache does so by itself from Node 24 on; until
 * then this stands beside it, in the folder that `NODE_COMPILE_CACHE` names, and does nothing where that is not set.
 *
 * A source that was changed is stripped again: what is kept begins with the digest of what it was made of. Plain JavaScript,
 * or it would have to be stripped itself.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { threadId } from 'node:worker_threads'

const cacheFolder = process.env.NODE_COMPILE_CACHE
const folder = cacheFolder && join(cacheFolder, `sources-${process.version}`)
const digest = (text) => createHash('sha256').update(text).digest('base64url')

if (folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith('file:') || !url.endsWith('.ts') || context.format === 'commonjs-typescript')
        return next(url, context)
      return { format: 'module', source: strip(url, readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true }
    },
  })
}

function strip(url, text) {
  const file = join(folder, digest(url))
  const head = `// ${digest(text)}\n`
  const kept = readKept(file)
  if (kept?.startsWith(head)) return kept.slice(head.length)
  const stripped = stripTypeScriptTypes(text)
  keep(file, head + stripped)
  return stripped
}

function readKept(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Whole or not at all: others may be starting beside. A disk that is full makes a start slower, not impossible. */
function keep(file, text) {
  const unfinished = `${file}.${process.pid}.${threadId}`
  try {
    writeFileSync(unfinished, text, { mode: 0o600 })
    renameSync(unfinished, file)
  } catch {
    // The next start tries again.
  }
}
