import { firstPrevious, hashBody, recordBody } from '../src/record-line.ts'

/** Changes the record at `index` and writes all hashes from there on anew, as a careful forger would. */
export function rehash(lines: readonly string[], index: number, change: (line: string) => string): string[] {
  let previous = index === 0 ? firstPrevious : (recordBody(lines[index - 1] ?? '')?.hash ?? '')
  const forged = lines.slice(index).map((line, at) => {
    const body = recordBody(at === 0 ? change(line) : line)?.body ?? ''
    const linked = body.replace(/"previous":"[\w-]+"/, `"previous":"${previous}"`)
    previous = hashBody(linked)
    return `{"hash":"${previous}",${linked.slice(1)}`
  })
  return [...lines.slice(0, index), ...forged]
}
