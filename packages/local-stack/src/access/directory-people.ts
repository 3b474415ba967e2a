import type { AccessReview } from '@mcp-identity/policy/access-review'
import { StackError } from '../stack-error.ts'
import type { StackFile } from '../stack-file.ts'

/** A person as the corporate directory has her. */
export interface DirectoryPerson {
  username: string
  email: string
  groups: string[]
  active: boolean
  /** What others have yet to be told about her; only when one person is asked for. */
  signals?: { signal: string; state: string }[]
}

/** Asks the corporate IdP's admin API, with the development bearer of the stack. */
export async function readDirectory<Answer>(
  { urls, clients }: Pick<StackFile, 'urls' | 'clients'>,
  path: string,
): Promise<Answer> {
  const response = await fetch(new URL(`/admin${path}`, urls.corporateIdp), {
    headers: { authorization: `Bearer ${clients.directoryAdmin.secret}` },
  })
  if (response.ok) return (await response.json()) as Answer
  await response.body?.cancel()
  throw new StackError(`the corporate IdP answered ${response.status} at /admin${path}`)
}

/** User names in the directory that have no account in the realm: it makes one at the first sign-in. */
export async function neverSignedIn(stack: StackFile, review: AccessReview): Promise<string[]> {
  const { people } = await readDirectory<{ people: DirectoryPerson[] }>(stack, '/people')
  const known = new Set(review.accounts.map(({ username }) => username))
  return people.map(({ username }) => username).filter((username) => !known.has(username))
}
