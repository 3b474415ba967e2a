import { StackError } from '../stack-error.ts'
import type { BuildContext } from './keycloak-build.ts'
import { findContainerEngine, prepareDocker } from './keycloak-docker.ts'
import { prepareJvm } from './keycloak-jvm.ts'
import type { KeycloakRunner } from './keycloak-runner.ts'

/** How Keycloak is to be run. */
export type KeycloakChoice = 'auto' | 'jvm' | 'docker'

export type RunnerContext = Omit<BuildContext, 'java'> & { /** Names the container. */ folder: { root: string } }

/**
 * Prepares the way to run Keycloak that was asked for, or the one that this machine has: a container where an engine
 * answers and the image can be had, else Java.
 *
 * @throws {StackError} What was asked for is not there, or `auto` found neither; says what to install.
 */
export async function chooseRunner(choice: KeycloakChoice, context: RunnerContext): Promise<KeycloakRunner> {
  if (choice === 'jvm') return prepareJvm(context)
  if (choice === 'docker') return prepareDocker(context)
  const engine = await findContainerEngine(context)
  if (engine.outcome === 'missing') return orExplain(prepareJvm(context), engine.because)
  try {
    return await prepareDocker(context)
  } catch (error) {
    context.signal.throwIfAborted()
    const because = error instanceof Error ? error.message : String(error)
    context.tell({ kind: 'notice', text: `Keycloak runs as a Java program: ${because}` })
    return orExplain(prepareJvm(context), because)
  }
}

/** Where neither is there, a person must hear of both. */
async function orExplain(jvm: Promise<KeycloakRunner>, noContainer: string): Promise<KeycloakRunner> {
  try {
    return await jvm
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    throw new StackError(`${error.message}\nA container cannot run it either: ${noContainer}`, {
      cause: error,
      lastLogLines: error.lastLogLines,
      ...(error.logFile === undefined ? {} : { logFile: error.logFile }),
      ...(error.nextStep === undefined ? {} : { nextStep: error.nextStep }),
    })
  }
}
