export { type DomainAdministration, openDomainAdministration } from './administration.ts'
export {
  administratorPasswordFile,
  connectionOf,
  controllerName,
  type DomainController,
  type DomainControllerOptions,
  type DomainControllerPlan,
  describeDomainController,
  hasSamba,
  installAdvice,
  loopbackAddress,
  prepareDomainController,
} from './prepare.ts'
export { seedDomain } from './seed.ts'
export { type RunningDomainController, startDomainController, waitForDomain } from './start.ts'
