/** What writes to the person's session at the authorization server: silent sign-ins and refreshes, of every scope. */
const underWay = new Set<Promise<unknown>>()

/** Longer than any of it takes; a server that is away must not keep anybody in. */
const patienceMs = 3000

/** Counts work in until it is done. */
export function countSessionWork<Result>(work: Promise<Result>): Promise<Result> {
  underWay.add(work)
  const done = (): void => void underWay.delete(work)
  work.then(done, done)
  return work
}

/**
 * Resolves when none is under way, or after three seconds. Keycloak stores a session as a whole: what comes late writes it
 * back as it was before the sign-out, and the sign-out ends on a page that says the session is not active.
 */
export async function sessionWorkDone(): Promise<void> {
  let timer: number | undefined
  const patience = new Promise<void>((resolve) => {
    timer = window.setTimeout(resolve, patienceMs)
  })
  await Promise.race([Promise.allSettled(underWay), patience])
  window.clearTimeout(timer)
}
