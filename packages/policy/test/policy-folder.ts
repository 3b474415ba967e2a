import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { companyPoliciesDirectory } from '../src/index.ts'

/** A folder with these policies, named and with a refusal, and the demonstration's hours; removed after the test. */
export function policyFolder(policies: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'policies-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(policies)) writePolicy(folder, name, text)
  for (const data of ['business-hours.json', 'holidays']) {
    cpSync(join(companyPoliciesDirectory, data), join(folder, data), { recursive: true })
  }
  return folder
}

export function writePolicy(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `${name}.cedar`), `@id("${name}")\n@refusal("${name} says no.")\n${text}\n`)
}
