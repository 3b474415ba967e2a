// Exit code 0 when PATH on this container's own port answers 2xx; for HEALTHCHECK in images that have no curl.
// The port is that which the named variable holds, so that a container told to listen elsewhere is asked there. With TLS
// the certificate is not looked at: it bears the names that others use, and this container asks itself.
import { get } from 'node:http'
import { get as getByTls } from 'node:https'

const [variable, path] = process.argv.slice(2)
const options = { host: '127.0.0.1', port: process.env[variable], path, timeout: 2500, rejectUnauthorized: false }
const request = (process.env.MCP_TLS_CERTIFICATE_FILE ? getByTls : get)(options, ({ statusCode = 0 }) =>
  process.exit(statusCode >= 200 && statusCode < 300 ? 0 : 1),
)
request.on('error', () => process.exit(1)).on('timeout', () => process.exit(1))
