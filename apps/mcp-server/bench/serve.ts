import { stages } from './stages.ts'
import { cpuByThread, profileThreads, type ThreadProfile } from './thread-profiles.ts'
import { type Setting, variants } from './variants.ts'

/**
 * Serves one variant until its parent goes away. Answers `cpu` with the processor time used so far, `threads` with that of
 * each thread; `profile` begins to profile them and `stop` answers with what was found.
 */
async function serve(name: string, setting: Setting): Promise<void> {
  let endProfiles: (() => Promise<ThreadProfile[]>) | undefined
  const answers: Readonly<Record<string, () => unknown>> = {
    cpu: () => ({ cpu: process.cpuUsage() }),
    threads: () => cpuByThread(),
    async profile() {
      endProfiles = await profileThreads()
      return {}
    },
    stop: () => endProfiles?.(),
  }
  process.on('message', async (message: string) => process.send?.(await answers[message]?.()))
  process.on('disconnect', () => process.exit())
  await [...variants, ...stages].find((variant) => variant.name === name)?.serve(setting)
  process.send?.({ ready: true })
}

await serve(String(process.argv[2]), JSON.parse(String(process.argv[3])))
