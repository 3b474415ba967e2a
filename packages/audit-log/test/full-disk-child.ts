import { AuditUnavailableError, openAuditLog, verifyAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'

/** Appends until it is told to stop, and says after each wave how many were answered and refused. */
const [path = ''] = process.argv.slice(2)
const log = await openAuditLog({ path })
const hashes: string[] = []
let stopping = false
process.on('message', () => {
  stopping = true
})
process.on('disconnect', () => process.exit())

while (!stopping) {
  const wave = Array.from({ length: 20 }, () => log.append({ ...aliceDeletes, reason: 'x'.repeat(500) }))
  let refused = 0
  for (const result of await Promise.allSettled(wave)) {
    if (result.status === 'fulfilled') hashes.push(result.value.hash)
    else if (result.reason instanceof AuditUnavailableError) refused += 1
    else throw result.reason
  }
  process.send?.({ refused, answered: 20 - refused })
  await new Promise((resolve) => setTimeout(resolve, 5))
}
const sequence = log.sequence
await log.close()
process.send?.({ sequence, hashes, verification: await verifyAuditLog(path) })
process.disconnect()
