import { ensureClientBuild } from '../server/client-build.ts'

await ensureClientBuild((line) => console.log(line))
