// Prints who can sign in, in development, as JSON. For programs that cannot hear it from the running corporate IdP.
import { developmentPeople } from '@mcp-identity/sample-company'

const accounts = developmentPeople.map(({ username, password, groups }) => ({ username, password, groups }))
process.stdout.write(`${JSON.stringify({ accounts })}\n`)
