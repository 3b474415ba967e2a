import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'

interface DoubleKey {
  kid: string
  providerId: string
  priority: number
  isEnabled: boolean
}

export interface DoubleRealmKeys {
  /** Below `/admin/realms/company`. */
  admin: Hono
  /** The public key set, with one key for encryption as Keycloak has it. */
  keySet(): object
  /** Key that signs new tokens. */
  activeKid(): string
  isPublished(kid: string): boolean
}

/** Keys and lifetimes of a realm at Keycloak's admin API, for tokens that carry `realm:keys`. */
export function createDoubleRealmKeys(): DoubleRealmKeys {
  const keys: DoubleKey[] = [{ kid: 'double-key-1', providerId: randomUUID(), priority: 100, isEnabled: true }]
  const admin = new Hono()
  const published = (): DoubleKey[] => keys.filter(({ isEnabled }) => isEnabled)
  const active = (): DoubleKey | undefined => published().sort((one, other) => other.priority - one.priority)[0]

  admin.use(async (context, next) => {
    const payload = context.req.header('authorization')?.split('.')[1] ?? 'e30'
    const { scope = '' } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { scope?: string }
    return scope.split(' ').includes('realm:keys') ? next() : context.json({ error: 'HTTP 403 Forbidden' }, 403)
  })
  admin.get('/', (context) => context.json(realm))
  admin.get('/keys', (context) =>
    context.json({
      active: { RS256: active()?.kid, AES: 'aes' },
      keys: [
        ...keys.map(({ kid, providerId, priority, isEnabled }) => ({
          kid,
          providerId,
          providerPriority: priority,
          status: isEnabled ? 'ACTIVE' : 'DISABLED',
          type: 'RSA',
          algorithm: 'RS256',
          use: 'SIG',
        })),
        {
          kid: 'aes',
          providerId: randomUUID(),
          providerPriority: 100,
          status: 'ACTIVE',
          type: 'OCT',
          algorithm: 'AES',
        },
      ],
    }),
  )
  admin.post('/components', async (context) => {
    const { config } = (await context.req.json()) as { config: { priority: string[] } }
    const priority = Number(config.priority[0])
    keys.push({ kid: `double-key-${keys.length + 1}`, providerId: randomUUID(), priority, isEnabled: true })
    return context.body(null, 201)
  })
  admin.get('/components/:id', (context) => {
    const key = keys.find(({ providerId }) => providerId === context.req.param('id'))
    if (key === undefined) return context.json({ error: 'Could not find component' }, 404)
    const config = { priority: [String(key.priority)], enabled: [String(key.isEnabled)] }
    return context.json({ id: key.providerId, name: key.kid, providerId: 'rsa-generated', config })
  })
  admin.put('/components/:id', async (context) => {
    const { config } = (await context.req.json()) as { config: { enabled: string[] } }
    const key = keys.find(({ providerId }) => providerId === context.req.param('id'))
    if (key !== undefined) key.isEnabled = config.enabled[0] === 'true'
    return context.body(null, 204)
  })

  return {
    admin,
    keySet: () => ({
      keys: [
        ...published().map(({ kid }) => ({ kid, kty: 'RSA', alg: 'RS256', use: 'sig', n: 'A'.repeat(342), e: 'AQAB' })),
        { kid: 'double-encryption', kty: 'RSA', alg: 'RSA-OAEP', use: 'enc', n: 'A'.repeat(342), e: 'AQAB' },
      ],
    }),
    activeKid: () => active()?.kid ?? '',
    isPublished: (kid) => published().some((key) => key.kid === kid),
  }
}

const realm = {
  id: 'double-realm',
  realm: 'company',
  accessTokenLifespan: 300,
  accessCodeLifespan: 60,
  ssoSessionIdleTimeout: 2_592_000,
  ssoSessionMaxLifespan: 2_592_000,
  revokeRefreshToken: true,
  refreshTokenMaxReuse: 0,
}
