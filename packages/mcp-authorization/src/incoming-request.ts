import type { RawRequest } from './raw-request.ts'

/** A request with its body still to be read. */
export interface IncomingRequest extends RawRequest {
  /** Reads the body as text; undefined when it is longer than so many bytes. Called at most once. */
  readBody(maxBytes: number): Promise<string | undefined>
  /** The body when a framework has read and parsed it already. */
  readonly parsedBody?: unknown
  /** Calls back when the caller goes away before the answer is complete; returns what takes the listener off. */
  onGone(listener: () => void): () => void
}
