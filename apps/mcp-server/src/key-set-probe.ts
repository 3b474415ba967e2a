import type { IssuerConfig } from './issuers.ts'

export interface KeySetProbe {
  /** Issuers whose keys, or the metadata that names them, were never reached. */
  unreached(): string[]
  stop(): void
}

const retryMs = 1_000
const timeoutMs = 3_000

/** Asks each issuer for its keys until it has answered once, so that readiness can say what is waited for. */
export function probeKeySets(issuers: readonly IssuerConfig[], send: typeof fetch = fetch): KeySetProbe {
  const waiting = new Set(issuers.map(({ issuer }) => issuer))
  const timers = new Set<NodeJS.Timeout>()
  let isStopped = false

  async function probe(config: IssuerConfig): Promise<void> {
    const isReached = await answers(addressOf(config))
    if (isStopped) return
    if (isReached) return void waiting.delete(config.issuer)
    const timer = setTimeout(() => {
      timers.delete(timer)
      void probe(config)
    }, retryMs)
    timer.unref()
    timers.add(timer)
  }

  async function answers(address: string): Promise<boolean> {
    try {
      const response = await send(address, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
      await response.body?.cancel()
      return response.status === 200
    } catch {
      return false
    }
  }

  for (const config of issuers) void probe(config)
  return {
    unreached: () => [...waiting],
    stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function addressOf({ provider, issuer, jwksUri }: IssuerConfig): string {
  if (jwksUri !== undefined) return jwksUri
  if (provider === 'keycloak') return `${issuer}/protocol/openid-connect/certs`
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}
