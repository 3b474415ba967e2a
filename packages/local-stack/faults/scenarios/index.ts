import type { Scenario } from '../scenario.ts'
import { clockShifted } from './clock-shifted.ts'
import { forgedSignals } from './forged-signals.ts'
import { keycloakKilled } from './keycloak-killed.ts'
import { lossyHistory, randomHistory } from './random-history.ts'
import { replicaKilled } from './replica-killed.ts'
import { storeFrozen } from './store-frozen.ts'

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  randomHistory,
  lossyHistory,
  storeFrozen,
  replicaKilled,
  clockShifted,
  forgedSignals,
  keycloakKilled,
]
