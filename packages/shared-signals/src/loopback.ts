/** This machine, or a name below `localhost` (RFC 6761 section 6.3). */
const loopbackHost = /^(?:(?:.+\.)?localhost|127\.0\.0\.1|\[::1\])$/

/** Whether an address may be asked: https, or http on this machine. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && loopbackHost.test(hostname))
}

/** @throws {TypeError} The address is neither https nor http on this machine. */
export function requireSafeAddress(name: string, address: string): string {
  if (isSafeAddress(address)) return address
  throw new TypeError(`${name} must be https, found ${address}`)
}
