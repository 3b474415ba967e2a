import { CookieJar } from 'tough-cookie'

export interface Page {
  url: string
  status: number
  text: string
  headers: Headers
}

/** A browser without a screen: keeps cookies, follows redirects, fills in forms. */
export function createBrowser() {
  const jar = new CookieJar(undefined, { looseMode: true, allowSpecialUseDomain: true, rejectPublicSuffixes: false })

  async function request(url: string, init: RequestInit = {}): Promise<Page> {
    const cookie = await jar.getCookieString(url)
    const headers = new Headers(init.headers)
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const set of response.headers.getSetCookie()) await jar.setCookie(set, url)
    return { url, status: response.status, text: await response.text(), headers: response.headers }
  }

  return {
    jar,
    request,
    /** Follows redirects until there is a page, or until an address starts with `until`. */
    async open(url: string, { until, ...init }: RequestInit & { until?: string } = {}): Promise<Page> {
      let page = await request(url, init)
      for (let hops = 0; hops < 10; hops += 1) {
        const location = page.headers.get('location')
        if (location === null) return page
        const next = new URL(location, page.url).href
        if (until !== undefined && next.startsWith(until)) return { ...page, url: next }
        page = await request(next)
      }
      throw new Error('too many redirects')
    },
    /** Sends the first form of a page, with its hidden fields. */
    async submit(
      page: Page,
      fields: Record<string, string>,
      init: RequestInit & { until?: string } = {},
    ): Promise<Page> {
      const form = readForm(page.text)
      return this.open(new URL(form.action, page.url).href, {
        ...init,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...(init.headers as Record<string, string>) },
        body: new URLSearchParams({ ...form.hidden, ...fields }).toString(),
      })
    },
  }
}

export type Browser = ReturnType<typeof createBrowser>

/** Action and hidden fields of the first form of a page. */
export function readForm(text: string): { action: string; hidden: Record<string, string> } {
  const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(text)
  if (form === null) throw new Error('the page has no form')
  const inputs = [...(form[2] ?? '').matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return { action: form[1] ?? '', hidden: Object.fromEntries(inputs.map(([, name, value]) => [name, value])) }
}
