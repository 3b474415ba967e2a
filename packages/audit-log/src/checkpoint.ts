/** What a checkpoint states: at this size the log had this root (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Name of the log. */
  origin: string
  size: number
  /** 32 bytes. */
  root: Buffer
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** @throws {TypeError} The text is not a checkpoint. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root] = text.split('\n')
  const bytes = Buffer.from(root ?? '', 'base64')
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || bytes.length !== 32) throw new TypeError('not a checkpoint')
  return { origin, size: Number(size), root: bytes }
}
