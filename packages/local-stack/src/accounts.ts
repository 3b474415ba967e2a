import type { Account } from './stack-file.ts'

/** Reads the people of the development directory from the corporate IdP's admin API. */
export async function readAccounts(corporateIdp: string, secret: string, signal: AbortSignal): Promise<Account[]> {
  try {
    const response = await fetch(`${corporateIdp}/admin/people`, {
      headers: { authorization: `Bearer ${secret}` },
      signal,
    })
    return response.ok ? ((await response.json()) as { people: Account[] }).people : []
  } catch {
    return []
  }
}
