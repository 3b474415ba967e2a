import type { StackFile } from '../stack-file.ts'

/** What the drivers need to know of a running stack; `.local/stack.json` holds it. */
export type DoorStack = Pick<StackFile, 'urls' | 'realm' | 'accounts' | 'clients' | 'dataDir' | 'domainController'>

/** Somebody who is signed in to an MCP client: whose access a door takes away. */
export interface Visitor {
  /** Name in the company's directory, and the same in the realm. */
  username: string
  accessToken: string
  refreshToken?: string | undefined
}

/** A tool call by which the effect of a door shows. */
export interface ToolCall {
  name: string
  arguments: Record<string, unknown>
}

/** One way out: something that somebody does and that has to end, or narrow, the access of a visitor. */
export interface Door {
  /** Kebab-case, for reports. */
  name: string
  /** Who does what, where. */
  title: string
  /** `tokens`: every token of the visitor; `session`: those of this sign-in; `permission`: what `loses` asks for. */
  ends: 'tokens' | 'session' | 'permission'
  /** What the visitor may do before and not after. Only with `ends: 'permission'`; other calls go on working. */
  loses?: ToolCall
  /**
   * Opens the door for a visitor. Resolves when the request that does it was answered with success, to the millisecond
   * (`performance.now()`) at which that was.
   *
   * @throws {Error} The request was refused.
   */
  open(visitor: Visitor): Promise<number>
  /**
   * Puts things back. Resolves when tokens of a new sign-in count: whole seconds are what tokens and cut-offs are dated
   * in, so some doors wait for the next but one. Safe to call when the door was not opened.
   */
  restore(visitor: Pick<Visitor, 'username'>): Promise<void>
}

/** The claims of a token that came from the authorization server a moment ago. Nothing is verified. */
export function claimsOf(compactToken: string): { sub: string; sid?: string; azp?: string } {
  return JSON.parse(Buffer.from(compactToken.split('.')[1] ?? '', 'base64url').toString())
}

/** @throws {Error} The answer is no success; says what was asked and the status, never what was sent. */
export async function expectSuccess(what: string, response: Response): Promise<Response> {
  if (response.ok) return response
  throw new Error(`${what}: answered ${response.status} ${(await response.text()).slice(0, 200)}`)
}
