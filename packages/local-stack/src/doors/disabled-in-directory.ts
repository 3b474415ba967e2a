import type { Door } from './door.ts'

/** Somebody is disabled in a directory, whichever it is, and enabled again. */
export function disabledInDirectory(
  directory: { disable(username: string): Promise<unknown>; enable(username: string): Promise<unknown> },
  named: Pick<Door, 'name' | 'title'>,
): Door {
  return {
    ...named,
    ends: 'tokens',
    async open({ username }) {
      await directory.disable(username)
      return performance.now()
    },
    async restore({ username }) {
      await directory.enable(username)
    },
  }
}
