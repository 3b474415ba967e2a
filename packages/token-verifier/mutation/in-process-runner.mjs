/**
 * A test runner for Stryker that keeps the tests loaded: a mutant costs the tests that cover it, up to the first that
 * fails, instead of a new worker that reads everything again. That is some fifty times cheaper.
 *
 * Mutants share a process, so one could leave something behind by which another is found. A test that fails therefore
 * has to pass again without the mutant; if it does not, the process is replaced and the mutant tried once more.
 */
import { appendFileSync, readdirSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

const survivors = new URL('../reports/survivors.txt', import.meta.url)
const vitestHere = new URL('./vitest-in-process.mjs', import.meta.url).href

/** These learn nothing from a mutant: they test the archive, the compiler's answers and the README, or try at random. */
const leftOut = /^(packed-archive|must-not-compile|readme)\.test\.ts$|properties\/claims\.test\.ts$/

/** These wait for answers, so others come first. */
const slowOnes = ['stale-key-sets', 'key-sets', 'thread-choice', 'explain']

/** Mutants of these change how often the thread pool is used, by a count that outlives them: each gets a process of its own. */
const lasting = /\/(signature|thread-choice)\.ts$/

const succeeded = 0
const failed = 1

class InProcessRunner {
  #isLoaded = false
  #isSpoiled = false
  #mutants = 0
  #unhandled
  #vitest

  capabilities() {
    return { reloadEnvironment: false }
  }

  async init() {
    process.env.MCP_IDENTITY_KEY_SET_TIMEOUT_MS = '200'
    process.on('unhandledRejection', (error) => {
      this.#unhandled = error
    })
    process.on('warning', () => undefined)
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'vitest' && context.parentURL !== vitestHere
          ? { url: vitestHere, shortCircuit: true }
          : next(specifier, context),
    })
    // What `vi` looks for in a worker of vitest before it moves the clock.
    globalThis.__vitest_worker__ = { config: { fakeTimers: {} }, environment: { name: 'node' } }
    this.#vitest = await import(vitestHere)
  }

  async dryRun() {
    const mutation = globals()
    await this.#load()
    const results = new Map()
    let begun = 0
    await this.#vitest.runTests(
      this.#vitest.tests,
      ({ group }) => {
        mutation.currentTestId = group
        begun = performance.now()
      },
      ({ group, title }, error) => {
        mutation.currentTestId = undefined
        const result = results.get(group) ?? { id: group, name: group, status: succeeded, timeSpentMs: 0 }
        result.timeSpentMs += performance.now() - begun
        if (error !== undefined)
          Object.assign(result, { status: failed, failureMessage: `${title}: ${messageOf(error)}` })
        results.set(group, result)
      },
    )
    return { status: 'complete', tests: [...results.values()], mutantCoverage: mutation.mutantCoverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    if (this.#isSpoiled) throw new Error('an earlier mutant left something behind')
    await this.#load()
    this.#mutants += 1
    const mutation = globals()
    const wanted = testFilter && new Set(testFilter)
    const chosen = wanted ? this.#vitest.tests.filter(({ group }) => wanted.has(group)) : this.#vitest.tests
    mutation.hitCount = hitLimit === undefined ? undefined : 0
    mutation.hitLimit = hitLimit
    mutation.activeMutant = activeMutant.id
    const { found, count } = await this.#firstFailure(chosen)
    const hits = mutation.hitCount
    mutation.activeMutant = undefined
    mutation.hitCount = undefined
    this.#isSpoiled = lasting.test(activeMutant.fileName)
    if (found === undefined) {
      note(activeMutant)
      return { status: 'survived', nrOfTests: count }
    }
    if (!(await this.#passes(found.test))) {
      if (this.#mutants > 1) throw new Error('an earlier mutant left something behind')
      this.#isSpoiled = true
    }
    if (hits > hitLimit) return { status: 'timeout', reason: `its code ran more than ${hitLimit} times` }
    return {
      status: 'killed',
      killedBy: [found.test.group],
      failureMessage: `${found.test.title}: ${messageOf(found.error)}`,
      nrOfTests: count,
    }
  }

  async #firstFailure(chosen) {
    let found
    let count = 0
    this.#unhandled = undefined
    await this.#vitest.runTests(
      chosen,
      () => {
        count += 1
      },
      (test, error) => {
        const what = error ?? this.#unhandled
        if (what !== undefined) found = { test, error: what }
        return found !== undefined
      },
    )
    return { found, count }
  }

  /** Alone, or after the others of its group where it needs them. */
  async #passes(test) {
    const group = this.#vitest.tests.filter((each) => each.group === test.group)
    const before = group.slice(0, group.indexOf(test) + 1)
    return (
      (await this.#firstFailure([test])).found === undefined || (await this.#firstFailure(before)).found === undefined
    )
  }

  async #load() {
    if (this.#isLoaded) return
    this.#isLoaded = true
    const root = join(process.cwd(), 'test')
    for (const file of testFilesIn(root)) {
      this.#vitest.beginFile(file)
      await import(pathToFileURL(join(root, file)).href)
    }
  }
}

function testFilesIn(root) {
  const rank = (file) => slowOnes.findIndex((name) => file.endsWith(`${name}.test.ts`))
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .filter((file) => file.endsWith('.test.ts') && !leftOut.test(file))
    .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other))
}

/** Where the instrumented sources look for the mutant that is on, and note what they ran. */
function globals() {
  globalThis.__stryker__ ??= {}
  return globalThis.__stryker__
}

/** Survivors as they come, since Stryker writes its report only at the end. */
function note({ fileName, location: { start }, mutatorName, replacement }) {
  const file = fileName.slice(fileName.indexOf('src'))
  appendFileSync(
    survivors,
    `${file}:${start.line}:${start.column} ${mutatorName} ${replacement?.replace(/\s+/g, ' ')}\n`,
  )
}

function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner }]
