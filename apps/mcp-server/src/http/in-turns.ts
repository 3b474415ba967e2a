/**
 * Lets so many begin in each turn of the event loop, whoever came first: ten thousand that come at once, whatever each of
 * them costs, leave every turn to the others too.
 *
 * @param most In one turn, 1 or more.
 * @returns A function that resolves when its caller may begin.
 */
export function inTurns(most: number): () => Promise<void> {
  const waiting: (() => void)[] = []
  let begun = 0
  let isCounting = false

  function nextTurn(): void {
    begun = Math.min(most, waiting.length)
    for (const begin of waiting.splice(0, begun)) begin()
    isCounting = begun > 0
    if (isCounting) setImmediate(nextTurn)
  }

  return () => {
    if (!isCounting) setImmediate(nextTurn)
    isCounting = true
    if (begun >= most) return new Promise((resolve) => waiting.push(resolve))
    begun += 1
    return Promise.resolve()
  }
}
