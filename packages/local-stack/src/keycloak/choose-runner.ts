import { StackError } from '../stack-error.ts'
import { findContainerEngine } from './container-engine.ts'
import { prepareDocker } from './keycloak-docker.ts'
import { prepareJvm } from './keycloak-jvm.ts'
import type { KeycloakRunner, RunnerContext } from './keycloak-runner.ts'

/** How Keycloak is to be run. */
export type KeycloakChoice = 'auto' | 'jvm' | 'docker'

/**
 * Prepares the way to run Keycloak that was asked for, or the one that this machine has: a container where an engine
 * answers and the image can be had, else Java.
 *
 * @throws {StackError} What was asked for is not there, or `auto` found neither; says what to install.
 */
export async function chooseRunner(choice: KeycloakChoice, context: RunnerContext): Promise<KeycloakRunner> {
  if (choice === 'jvm') return prepareJvm(context)
  if (choice === 'docker') return prepareDocker(context)
  const container = await tryDocker(context)
  return 'because' in container ? jvmOrExplain(context, container.because) : container
}

async function tryDocker(context: RunnerContext): Promise<KeycloakRunner | { because: string }> {
  const engine = await findContainerEngine(context.settings.environment)
  if (engine.outcome === 'missing') return engine
  if (!engine.sharesLoopback) return { because: `${engine.description} does not share the loopback of this machine` }
  try {
    return await prepareDocker(context)
  } catch (error) {
    context.signal.throwIfAborted()
    const because = error instanceof Error ? error.message : String(error)
    context.tell({ kind: 'notice', text: `The image of Keycloak cannot be had (${because}); using Java.` })
    return { because }
  }
}

/** Where neither is there, a person must hear of both. */
async function jvmOrExplain(context: RunnerContext, noContainer: string): Promise<KeycloakRunner> {
  try {
    return await prepareJvm(context)
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    throw error.withMessage(`${error.message}\nA container cannot run it either: ${noContainer}`)
  }
}
