/** A promise that is kept, or broken off, from outside. Nobody has to wait for it. */
export interface Readiness {
  ready: Promise<void>
  becomeReady(): void
  giveUp(reason: Error): void
}

export function createReadiness(): Readiness {
  let becomeReady = () => {}
  let giveUp = (_reason: Error) => {}
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve
    giveUp = reject
  })
  ready.catch(() => {})
  return { ready, becomeReady, giveUp }
}
