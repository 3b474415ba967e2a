/** Characters that mean the same with and without percent-encoding (RFC 3986 section 2.3). */
const unreserved = /[A-Za-z0-9\-._~]/

/**
 * True when `htu` of a proof names the address of the request: without query and fragment, in normal form (RFC 9449
 * section 4.3, RFC 3986 section 6.2.2).
 */
export function isSameAddress(htu: string, url: string): boolean {
  if (htu === url && !/[?#]/.test(url)) return true
  const named = normalForm(htu)
  return named !== undefined && named === normalForm(url)
}

/** Scheme, host, port and path. The URL parser writes the first three in lower case and leaves default ports out. */
function normalForm(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const { protocol, host, pathname, username, password } = new URL(address)
  if (username !== '' || password !== '') return undefined
  return `${protocol}//${host}${pathname.replace(/%[0-9a-f]{2}/gi, normalPercentEncoding)}`
}

function normalPercentEncoding(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return unreserved.test(character) ? character : encoded.toUpperCase()
}
