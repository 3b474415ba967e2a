import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { StackError } from '../stack-error.ts'

/** The oldest Java that this Keycloak runs on. */
const oldestJava = 17

/** A Java that can run Keycloak. */
export interface Java {
  /** The program, as a path or a name on the search path. */
  command: string
  /** Its feature release, such as 17. */
  release: number
}

/** Runs a program's version command; resolves to what it printed, or `undefined` when there is no such program. */
export type AskVersion = (command: string, environment: Record<string, string>) => Promise<string | undefined>

/**
 * Finds a Java that is new enough: the one of `JAVA_HOME`, else the one on the search path.
 *
 * @param askVersion For tests; by default runs `java -version`.
 * @throws {StackError} There is none, or those that are there are too old; the next step says what to install.
 */
export async function findJava(
  { javaHome, environment }: { javaHome: string | undefined; environment: Record<string, string> },
  askVersion: AskVersion = runVersion,
): Promise<Java> {
  const commands = [...(javaHome === undefined ? [] : [join(javaHome, 'bin', 'java')]), 'java']
  const tooOld: string[] = []
  for (const command of commands) {
    const release = readJavaRelease((await askVersion(command, environment)) ?? '')
    if (release === undefined) continue
    if (release >= oldestJava) return { command, release }
    tooOld.push(`${command === 'java' ? 'java on the search path' : command} is Java ${release}`)
  }
  throw new StackError(
    tooOld.length > 0
      ? `Keycloak needs Java ${oldestJava} or newer; ${tooOld.join(', and ')}`
      : `Keycloak needs Java ${oldestJava} or newer, and none was found${javaHome === undefined ? '' : ` in JAVA_HOME (${javaHome}) or on the search path`}`,
    { nextStep: javaAdvice },
  )
}

const javaAdvice =
  `Install a Java runtime ${oldestJava} or newer (Debian: apt install openjdk-17-jre-headless; macOS: brew install openjdk), ` +
  'or start a container engine such as Docker.'

/** Reads the feature release out of what `java -version` prints; `undefined` when that is no Java. */
export function readJavaRelease(versionText: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(versionText) ?? []
  if (first === undefined) return undefined
  // Up to release 8 the version began with "1.".
  return Number(first === '1' ? second : first)
}

function runVersion(command: string, environment: Record<string, string>): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, ['-version'], { env: environment, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve(error === null ? `${stdout}${stderr}` : undefined),
    )
  })
}
