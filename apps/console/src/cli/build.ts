import { ensureClientBuild } from '../server/client-build.ts'

console.log(await ensureClientBuild((line) => console.log(line)))
