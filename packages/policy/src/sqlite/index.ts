export { type FourEyesStore, openFourEyesStore } from './approval-store.ts'
