import { appendCall, appendDay, sampleCalls } from './sample-calls.ts'
import { startDoubles } from './start-doubles.ts'

/** The console over doubles, for working on its pages: `node test/doubles/run.ts`. */
const doubles = await startDoubles({ ports: [8580, 8581, 8582, 8583] })
await appendDay(doubles.mcp, doubles.people, 240)
console.log(`${doubles.url} (doubles of Keycloak, the MCP server and the corporate IdP)`)
setInterval(() => {
  const call = sampleCalls[Math.floor(Math.random() * sampleCalls.length)]
  const person = doubles.people.find(({ username }) => username === call?.username)
  if (call !== undefined && person?.isActive === true) void appendCall(doubles.mcp, person, call, new Date())
}, 2500)
process.once('SIGINT', () => process.exit(0)).once('SIGTERM', () => process.exit(0))
