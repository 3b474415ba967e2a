import { createBrowser } from '../interactive-client.ts'

/** A person at the corporate sign-in page. */
export interface Person {
  username: string
  password: string
}

/** What both lines of the official SDK ask of a host that signs a person in; the values are theirs, kept unread. */
export type PersonProvider = ReturnType<typeof createPersonProvider>

const redirectUrl = 'http://127.0.0.1:53683/callback'

/**
 * The host's side of an SDK client that is registered beforehand: a store for what the SDK hands over, and a browser
 * without a screen in which the person signs in. Nothing listens at the redirect address; the browser's last hop is read.
 * `keepsRefreshToken`: whether a refresh token is handed back to the SDK. Default true.
 */
export function createPersonProvider(clientId: string, person: Person, { keepsRefreshToken = true } = {}) {
  const saved = new Map<string, unknown>()
  const save = (name: string) => (value: unknown) => void saved.set(name, value)
  const browser = createBrowser()
  const asked: string[] = []
  let callback: URLSearchParams | undefined
  return {
    redirectUrl,
    clientMetadata: {
      client_name: 'A client of the stories',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    clientInformation: () => ({ client_id: clientId }),
    tokens: () => saved.get('tokens') as { access_token: string; scope?: string } | undefined,
    saveTokens({ refresh_token, ...tokens }: Record<string, unknown>) {
      saved.set('tokens', keepsRefreshToken ? { refresh_token, ...tokens } : tokens)
    },
    codeVerifier: () => saved.get('verifier'),
    saveCodeVerifier: save('verifier'),
    discoveryState: () => saved.get('discovery'),
    saveDiscoveryState: save('discovery'),
    async redirectToAuthorization(url: URL) {
      asked.push(url.searchParams.get('scope') ?? '')
      const page = await browser.open(url.href, redirectUrl, person)
      if (page.arrivedAt === undefined) throw new Error(`the sign-in stopped with ${page.status}: ${page.text}`)
      callback = page.arrivedAt.searchParams
    },
    /** The scopes of each authorization request, in order. */
    asked,
    /** What the browser came back with, once. */
    takeCallback(): URLSearchParams {
      const arrived = callback
      if (arrived === undefined) throw new Error('no callback has arrived')
      callback = undefined
      return arrived
    },
  }
}
