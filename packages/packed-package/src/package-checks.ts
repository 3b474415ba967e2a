import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'

/** What publint says of an archive. */
export async function publintMessages(archive: string): Promise<readonly unknown[]> {
  const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(archive)).buffer } })
  return messages
}

/**
 * What are-the-types-wrong says of an archive, as a package of ECMAScript modules alone: without the ways of finding a
 * module that know no such package, Node 10 and `require` with types.
 */
export async function typeProblems(archive: string): Promise<readonly unknown[]> {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(archive)))
  const problems: readonly (string | object)[] = 'problems' in result ? result.problems : ['no types']
  return problems.filter((problem) => !isOfOldResolution(problem))
}

function isOfOldResolution(problem: string | object): boolean {
  return (
    typeof problem === 'object' && 'resolutionKind' in problem && /^node10$|-cjs$/.test(String(problem.resolutionKind))
  )
}
