// Exit status 0 when http://127.0.0.1:PORT/PATH answers 2xx; for HEALTHCHECK in images that have no curl.
// The port is that which the named variable holds, so that a container told to listen elsewhere is asked there.
const [variable, path] = process.argv.slice(2)
const url = `http://127.0.0.1:${process.env[variable]}${path}`
const answer = await fetch(url, { signal: AbortSignal.timeout(2500) }).catch(() => undefined)
process.exit(answer?.ok ? 0 : 1)
