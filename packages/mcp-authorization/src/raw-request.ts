/** A request as it came over the wire, before any framework joined, split or dropped its headers. */
export interface RawRequest {
  readonly method: string
  /** Path and query exactly as sent, not decoded. */
  readonly target: string
  /** Names and values in turn, exactly as sent and in that order; the shape of Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[]
  /** The address of the peer, or the one a trusted proxy vouches for. Only rate limits use it. */
  readonly remoteAddress?: string | undefined
}

/**
 * Describes a web `Request` as a {@link RawRequest}.
 *
 * A web `Request` has already joined headers of one name with commas, so two `Authorization` headers arrive as one list;
 * the gate refuses that list as it refuses two headers.
 */
export function toRawRequest(request: Request, remoteAddress?: string): RawRequest {
  const url = new URL(request.url)
  const rawHeaders: string[] = []
  request.headers.forEach((value, name) => {
    rawHeaders.push(name, value)
  })
  // Over plain HTTP a server runtime keeps Host in the headers; a `Request` made by hand has it only in its URL.
  if (!request.headers.has('host')) rawHeaders.push('host', url.host)
  return { method: request.method, target: url.pathname + url.search, rawHeaders, remoteAddress }
}

/** All values of one header, in the order sent. `name` is in lower case. */
export function headerValues({ rawHeaders }: Pick<RawRequest, 'rawHeaders'>, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] as string
    if (candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name)) {
      values.push(rawHeaders[index + 1] as string)
    }
  }
  return values
}

/** The path of the request target, not decoded, without its query. */
export function pathOf(request: RawRequest): string {
  const queryAt = request.target.indexOf('?')
  return queryAt === -1 ? request.target : request.target.slice(0, queryAt)
}

/** The query of the request target without its question mark; empty when there is none. */
export function queryOf(request: RawRequest): string {
  const queryAt = request.target.indexOf('?')
  return queryAt === -1 ? '' : request.target.slice(queryAt + 1)
}
