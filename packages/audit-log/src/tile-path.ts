/** Hashes in a full tile. */
export const tileWidth = 256

/**
 * Path of a tile as in C2SP tlog-tiles: `tile/0/x001/x234/067`, with `.p/W` for one of W hashes only. Level
 * `entries` names the bundle of the records themselves.
 */
export function tilePath(level: number | 'entries', index: number, width = tileWidth): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  const groups = digits.match(/\d{3}/g) ?? []
  const name = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/')
  return `tile/${level}/${name}${width === tileWidth ? '' : `.p/${width}`}`
}
