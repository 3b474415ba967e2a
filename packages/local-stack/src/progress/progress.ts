/** What happens while the stack starts. Plain data: it also travels from a detached stack to the terminal. */
export type ProgressEvent =
  | { kind: 'started'; part: string }
  | { kind: 'detail'; part: string; detail: string }
  | { kind: 'finished'; part: string; elapsedMs: number; detail: string }
  | { kind: 'failed'; part: string; elapsedMs: number }
  /** Given up because another part failed, or because a person said so. */
  | { kind: 'abandoned'; part: string }
  /** Something a person should know that belongs to no part. */
  | { kind: 'notice'; text: string }

export type TellProgress = (event: ProgressEvent) => void

/** Says how one part is getting on. */
export type TellDetail = (detail: string) => void

/**
 * Does the work of one part and tells when it starts, how it goes and how it ends.
 *
 * @param work Its result becomes the result; the last detail it told stands in the finished line.
 */
export async function trackPart<Result>(
  { tell, signal }: { tell: TellProgress; signal: AbortSignal },
  part: string,
  work: (detail: TellDetail) => Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now()
  let lastDetail = ''
  tell({ kind: 'started', part })
  try {
    const result = await work((detail) => {
      lastDetail = detail
      tell({ kind: 'detail', part, detail })
    })
    tell({ kind: 'finished', part, elapsedMs: performance.now() - startedAt, detail: lastDetail })
    return result
  } catch (error) {
    const elapsedMs = performance.now() - startedAt
    tell(signal.aborted ? { kind: 'abandoned', part } : { kind: 'failed', part, elapsedMs })
    throw error
  }
}
