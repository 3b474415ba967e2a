export { type AccountAttributes, type AccountState, readAccountState, readExpiry } from './account-state.ts'
export { connectDirectory, type DirectoryConnection, type DirectoryTree } from './connect.ts'
export type { DirectoryChange, KnownPerson } from './directory-changes.ts'
export { readGuid } from './object-guid.ts'
export {
  type DirectoryMemory,
  type DirectoryWatch,
  type WatchOptions,
  type WatchState,
  watchDirectory,
} from './watch-directory.ts'
