/**
 * As much of vitest as the tests of this package use, in this process and without workers: collects tests once, runs any
 * of them any number of times. `expect` and `vi` are vitest's own.
 */
import { format } from 'node:util'

export { expect, vi } from 'vitest'

const newSuite = (name, parent) => ({
  name,
  parent,
  beforeAll: [],
  afterAll: [],
  beforeEach: [],
  afterEach: [],
})

/**
 * Every test, in the order in which the files were read. Those of one `describe` are a group: the thing that is noted as
 * covering a mutant, since two thousand tests times four thousand mutants are too much to keep.
 */
export const tests = []
let suite = newSuite('', undefined)
let finishers = []

/** Begins a file: what is collected from here on is of this name. */
export function beginFile(name) {
  suite = newSuite(name, undefined)
}

const rows = (table) => table.map((row) => (Array.isArray(row) ? row : [row]))

function addTest(title, run) {
  const group = pathOf(suite)
  tests.push({ group, title, suite, run })
}

function addSuite(title, define) {
  const outer = suite
  suite = newSuite(title, outer)
  define()
  suite = outer
}

const pathOf = ({ name, parent }) => (parent === undefined ? name : `${pathOf(parent)} > ${name}`)

/** `it` and `describe` have the same modifiers. */
function withModifiers(add) {
  const named = (title, given) => add(title, given)
  named.each = (table) => (title, given) => {
    for (const row of rows(table)) add(format(title, ...row), () => given(...row))
  }
  const nothing = Object.assign(() => undefined, { each: () => () => undefined })
  named.runIf = (isWanted) => (isWanted ? named : nothing)
  named.skipIf = (isUnwanted) => (isUnwanted ? nothing : named)
  return named
}

export const it = withModifiers(addTest)
export const describe = withModifiers(addSuite)
export const beforeAll = (run) => void suite.beforeAll.push(run)
export const afterAll = (run) => void suite.afterAll.unshift(run)
export const beforeEach = (run) => void suite.beforeEach.push(run)
export const afterEach = (run) => void suite.afterEach.unshift(run)
export const onTestFinished = (run) => void finishers.unshift(run)

/**
 * Runs tests in the order given, each suite's hooks around them.
 *
 * @param report Told of each test: its error or `undefined`. The run ends when it answers `true`.
 */
export async function runTests(chosen, begin, report) {
  let entered = []
  try {
    for (const each of chosen) {
      const wanted = ancestorsOf(each.suite)
      begin(each)
      const error = await errorOf(async () => {
        entered = await moveTo(entered, wanted)
        await runOne(each, wanted)
      })
      if (report(each, error) === true) return
    }
  } finally {
    await errorOf(() => moveTo(entered, []))
  }
}

const ancestorsOf = (leaf) => (leaf === undefined ? [] : [...ancestorsOf(leaf.parent), leaf])

async function moveTo(entered, wanted) {
  for (const left of entered.filter((one) => !wanted.includes(one)).toReversed()) {
    for (const hook of left.afterAll) await hook()
  }
  const stay = entered.filter((one) => wanted.includes(one))
  for (const next of wanted.slice(stay.length)) for (const hook of next.beforeAll) await hook()
  return wanted
}

async function runOne({ run }, suites) {
  finishers = []
  try {
    for (const { beforeEach: hooks } of suites) for (const hook of hooks) await hook()
    await inTime(run({ skip }))
  } finally {
    for (const hook of finishers) await hook()
    for (const { afterEach: hooks } of suites.toReversed()) for (const hook of hooks) await hook()
  }
}

const longestMs = 10_000

/** Those of the platform, whatever a test puts in their place. */
const { setTimeout, clearTimeout } = globalThis

function inTime(running) {
  if (!(running instanceof Promise)) return running
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the test takes too long')), longestMs)
  })
  return Promise.race([running, late]).finally(() => clearTimeout(timer))
}

const skipped = Symbol('skipped')

function skip() {
  throw skipped
}

async function errorOf(run) {
  try {
    await run()
    return undefined
  } catch (error) {
    if (error === skipped) return undefined
    return error ?? new Error('something was thrown that says nothing')
  }
}
