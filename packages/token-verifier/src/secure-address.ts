/**
 * Checks an address that keys or decisions are fetched from: https, or http to this machine where that was switched on.
 *
 * @throws {TypeError} Naming the setting, when the address is anything else.
 */
export function checkSecureAddress(name: string, address: string, allowInsecureHttp: boolean): URL {
  const url = parseAddress(name, address)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowInsecureHttp && isLoopback(url.hostname)))
    return url
  throw new TypeError(
    `${name} must be an https address, found ${url.protocol}//${url.host}; http to this machine needs dangerouslyAllowInsecureHttp`,
  )
}

/** True for `localhost`, its subdomains, 127.0.0.0/8 and ::1, written as a URL parser writes them. */
export function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || /^(?:.+\.)?localhost$|^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function parseAddress(name: string, address: string): URL {
  if (typeof address !== 'string' || !URL.canParse(address)) throw new TypeError(`${name} must be an absolute URL`)
  const url = new URL(address)
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new TypeError(`${name} must have no user name, password or fragment`)
  }
  return url
}
