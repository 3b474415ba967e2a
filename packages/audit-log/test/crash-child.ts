import { openAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'

/** Appends without end and tells the parent of every record that was answered; made to be killed. */
const [path = '', keyFile = ''] = process.argv.slice(2)
const log = await openAuditLog({ path, signingKeyFile: keyFile, checkpointIntervalMs: 20 })
process.on('disconnect', () => process.exit())
process.send?.({ opened: log.sequence, tornBytes: log.recovery.tornBytes })

async function call(): Promise<void> {
  for (;;) {
    const { sequence, hash } = await log.append({
      ...aliceDeletes,
      reason: 'x'.repeat(Math.floor(Math.random() * 2000)),
    })
    process.send?.({ sequence, hash })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

for (let caller = 0; caller < 20; caller++) call()
