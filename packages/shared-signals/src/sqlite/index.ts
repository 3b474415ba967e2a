export type { CutOffStore } from './cut-off-store.ts'
export { openCutOffStore } from './cut-off-store.ts'
export { createTransmitterStore } from './transmitter-store.ts'
