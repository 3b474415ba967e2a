export { type FourEyesStore, openFourEyesStore } from './four-eyes-store.ts'
export { SharedStoreError } from './sql-database.ts'
