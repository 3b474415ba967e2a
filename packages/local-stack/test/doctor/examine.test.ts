import { buildRealm, type CompanyRealm, developmentSettings, toolScopeNames } from '@mcp-identity/keycloak-realm'
import { describe, expect, it } from 'vitest'
import { authorizationServerRules } from '../../src/doctor/authorization-server-rules.ts'
import { examine } from '../../src/doctor/examine.ts'
import { realmRules } from '../../src/doctor/realm-rules.ts'
import { applyRules } from '../../src/doctor/rule.ts'
import { type Alter, type DoubleAnswer, type DoublePath, startSubject } from './subject.ts'

async function findingsOf(alter?: Alter) {
  const subject = await startSubject(alter)
  try {
    return (await examine(subject.mcp)).findings
  } finally {
    await subject.close()
  }
}

const on =
  (path: DoublePath, change: (answer: DoubleAnswer) => void): Alter =>
  (what, answer) => {
    if (what === path) change(answer)
  }

/** Sets one member of a JSON answer. */
const member = (path: DoublePath, name: string, value: unknown): Alter =>
  on(path, (answer) => {
    answer.body = { ...(answer.body as object), [name]: value }
  })
const status = (path: DoublePath, value: number): Alter =>
  on(path, (answer) => {
    answer.status = value
  })
const header = (path: DoublePath, name: string, value: string): Alter =>
  on(path, (answer) => {
    answer.headers[name] = value
  })
const withoutHeader = (path: DoublePath, name: string): Alter =>
  on(path, (answer) => {
    delete answer.headers[name]
  })

const allowHeaders = (value: string): Alter => header('preflight of the call', 'access-control-allow-headers', value)

describe('an examination', () => {
  it('finds nothing where every rule is kept', async () => {
    expect(await findingsOf()).toEqual([])
  })

  it('is refused when nothing answers, rather than full of findings', async () => {
    const subject = await startSubject()
    await subject.close()
    await expect(examine(subject.mcp)).rejects.toThrow(/^nothing answers at .*ECONNREFUSED/)
  })

  it('is refused when a proxy answers in place of the server', async () => {
    const away: Alter = (_path, answer) => {
      answer.status = 503
    }
    await expect(findingsOf(away)).rejects.toThrow(/answers 503 to everything$/)
  })

  it.each<[rule: string, title: string, alter: Alter]>([
    ['RS-02', 'a call without a token that is answered', status('anonymous call', 200)],
    ['RS-03', 'a challenge without the metadata', header('anonymous call', 'www-authenticate', 'Bearer')],
    ['RS-03', 'a 401 without a challenge', withoutHeader('anonymous call', 'www-authenticate')],
    ['RS-05', 'no metadata at the path-inserted address', status('metadata', 404)],
    ['RS-06', 'no metadata at the root', status('metadata at the root', 404)],
    ['RS-07', 'metadata of another resource', member('metadata', 'resource', 'https://mcp.example/mcp')],
    ['RS-07', 'a slash too many', member('metadata', 'resource', 'http://127.0.0.1/mcp/')],
    ['RS-08', 'no authorization server', member('metadata', 'authorization_servers', [])],
    [
      'RS-09',
      'offline_access among the scopes',
      member('metadata', 'scopes_supported', ['read:customers', 'offline_access']),
    ],
    ['RS-10', 'a challenge for a scope that is not listed', member('metadata', 'scopes_supported', ['admin:reports'])],
    ['RS-11', 'metadata that a page cannot read', withoutHeader('metadata', 'access-control-allow-origin')],
    ['RS-12', 'a malformed token that is a server error', status('garbage token', 500)],
    ['RS-12', 'a malformed token without a code', header('garbage token', 'www-authenticate', 'Bearer')],
    ['RS-13', 'a token in the address that is taken', status('token in the address', 200)],
    ['RS-14', 'a refusal that may be cached', withoutHeader('anonymous call', 'cache-control')],
    ['RS-15', 'a body that is parsed before the caller is known', status('broken JSON', 400)],
    ['RS-16', 'a stream for strangers', status('GET', 200)],
    ['RS-17', 'a preflight that needs a token', status('preflight of the call', 401)],
    [
      'RS-17',
      'a preflight that names no origin',
      withoutHeader('preflight of the call', 'access-control-allow-origin'),
    ],
    ['RS-18', 'a preflight without Authorization', allowHeaders('Content-Type, MCP-Protocol-Version, Mcp-Session-Id')],
    ['RS-18', 'a preflight with * in place of Authorization', allowHeaders('*')],
    ['RS-18', 'a preflight without the header of MCP', allowHeaders('Authorization, Content-Type, Mcp-Session-Id')],
    ['RS-18', 'a preflight without sessions', allowHeaders('Authorization, Content-Type, MCP-Protocol-Version')],
    [
      'RS-19',
      'a preflight of the older revision',
      allowHeaders('Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id'),
    ],
    ['RS-20', 'a challenge that pages cannot read', withoutHeader('call from a page', 'access-control-expose-headers')],
    ['RS-20', 'a refusal that pages cannot read', withoutHeader('call from a page', 'access-control-allow-origin')],
    ['AS-01', 'an authorization server without metadata', status('authorization server', 500)],
    ['AS-02', 'metadata of another issuer', member('authorization server', 'issuer', 'https://sso.example')],
    ['AS-03', 'PKCE not announced', member('authorization server', 'code_challenge_methods_supported', ['plain'])],
    [
      'AS-04',
      'responses without issuer',
      member('authorization server', 'authorization_response_iss_parameter_supported', false),
    ],
    [
      'AS-05',
      'offline_access offered',
      member('authorization server', 'scopes_supported', ['openid', 'offline_access']),
    ],
    [
      'AS-06',
      'a preflight without the header of MCP',
      header('preflight', 'access-control-allow-headers', 'authorization'),
    ],
    ['AS-07', 'a key set that is away', status('key set', 503)],
    ['AS-07', 'a key set without a key for signatures', member('key set', 'keys', [{ kty: 'RSA', use: 'enc' }])],
    [
      'AS-09',
      'no way for a client to introduce itself',
      member('authorization server', 'registration_endpoint', undefined),
    ],
  ])('%s finds %s', async (rule, _title, alter) => {
    const findings = await findingsOf(alter)
    expect(findings.map((finding) => finding.rule)).toContain(rule)
    for (const { seen, mend } of findings) expect(seen !== '' && mend !== '').toBe(true)
  })

  it('RS-04 finds an error code where nothing was sent', async () => {
    const findings = await findingsOf(
      on('anonymous call', ({ headers }) => {
        headers['www-authenticate'] =
          headers['www-authenticate']?.replace('Bearer ', 'Bearer error="invalid_token", ') ?? ''
      }),
    )
    expect(findings.map(({ rule }) => rule)).toEqual(['RS-04'])
  })
})

describe('an examination for pages', () => {
  const inspectorRefused: Alter = (what, answer) => {
    if (what === 'preflight of the call' || what === 'call from a page') answer.status = 403
  }

  it('leaves a server that refuses the Inspector alone: it has to refuse pages that it does not know', async () => {
    const subject = await startSubject(inspectorRefused)
    try {
      const { findings, rulesNotJudged } = await examine(subject.mcp)
      expect(findings).toEqual([])
      expect(rulesNotJudged).toEqual(['RS-17', 'RS-18', 'RS-19', 'RS-20'])
    } finally {
      await subject.close()
    }
  })

  it('RS-17 finds a server that refuses the page that was named', async () => {
    const subject = await startSubject(inspectorRefused)
    try {
      const { findings } = await examine(subject.mcp, { origin: 'https://console.company.com' })
      expect(findings.map(({ rule, seen }) => `${rule} ${seen}`)).toEqual([
        'RS-17 OPTIONS from https://console.company.com: status 403',
      ])
    } finally {
      await subject.close()
    }
  })

  const dpop = member('metadata', 'dpop_signing_alg_values_supported', ['ES256'])
  const withoutProofs = allowHeaders(
    'Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
  )

  it('RS-18 asks for DPoP where bound tokens are announced', async () => {
    const findings = await findingsOf((what, answer) => {
      dpop(what, answer)
      withoutProofs(what, answer)
    })
    expect(findings.map(({ rule, seen }) => `${rule} ${seen}`)).toEqual([
      'RS-18 Access-Control-Allow-Headers lacks DPoP',
    ])
  })

  it('RS-18 does not ask for DPoP where it is not', async () => expect(await findingsOf(withoutProofs)).toEqual([]))
})

describe('AS-09, clients that introduce themselves', () => {
  it('is content with client ID metadata documents instead of registration', async () => {
    const documents = member('authorization server', 'client_id_metadata_document_supported', true)
    const noRegistration = member('authorization server', 'registration_endpoint', undefined)
    const findings = await findingsOf((what, answer) => {
      documents(what, answer)
      noRegistration(what, answer)
    })
    expect(findings).toEqual([])
  })
})

describe('AS-08, http only on this machine', () => {
  const rule = authorizationServerRules.find(({ id }) => id === 'AS-08')
  const seenAt = (issuer: string) =>
    rule?.applies?.({ issuer } as never) ? rule.check({ issuer } as never) : undefined

  it.each([
    'https://sso.company.com',
    'http://localhost:8483/realms/company',
    'http://127.0.0.1:8483',
    'http://[::1]:8483',
  ])('is content with %s', (issuer) => expect(seenAt(issuer)).toBeUndefined())

  it('leaves an issuer that is no URL to AS-01', () => expect(seenAt('sso.company.com')).toBeUndefined())

  it.each(['http://sso.company.com', 'http://localhost.company.com', 'http://10.0.0.1:8483'])('finds %s', (issuer) =>
    expect(seenAt(issuer)).toBe(issuer),
  )
})

describe('a realm', () => {
  const settings = developmentSettings()
  const { resource } = settings
  const examineChanged = (change: (realm: CompanyRealm) => void) => {
    const realm = structuredClone(buildRealm(settings))
    change(realm)
    return applyRules(realmRules, { realm, resource, development: true, scopes: toolScopeNames }, 'realm').findings.map(
      ({ rule }) => rule,
    )
  }

  it('that comes from the code has nothing to mend', () => {
    expect(examineChanged(() => {})).toEqual([])
  })

  it('KC-01 finds a wildcard redirect', () => {
    const rules = examineChanged(({ clients = [] }) => {
      for (const client of clients) if (client.clientId === 'mcp-cli') client.redirectUris = ['http://127.0.0.1/*']
    })
    expect(rules).toContain('KC-01')
  })

  it('is counted in full, broken or not, each finding with what mends it', async () => {
    const subject = await startSubject()
    const realm = structuredClone(buildRealm(settings))
    try {
      const without = await examine(subject.mcp)
      const whole = await examine(subject.mcp, { realm: { realm, resource, development: true } })
      realm.revokeRefreshToken = false
      const broken = await examine(subject.mcp, { realm: { realm, resource, development: true } })
      expect(whole.rulesJudged - without.rulesJudged).toBe(realmRules.length)
      expect(broken.rulesJudged).toBe(whole.rulesJudged)
      expect(broken.findings).toMatchObject([
        { rule: 'KC-06', at: 'realm company', mend: expect.stringContaining('Revoke Refresh Token: on') },
      ])
    } finally {
      await subject.close()
    }
  })

  it('KC-21 finds a tool scope whose tokens would be for nobody', () => {
    const rules = examineChanged(({ clientScopes = [] }) => {
      for (const scope of clientScopes) if (scope.name === 'read:customers') scope.protocolMappers = []
    })
    expect(rules).toContain('KC-21')
  })

  it('KC-21 finds a scope that the MCP server publishes and the realm does not know', () => {
    const rules = examineChanged((realm) => {
      realm.clientScopes = (realm.clientScopes ?? []).filter(({ name }) => name !== 'read:customers')
    })
    expect(rules).toContain('KC-21')
  })

  it('KC-21 and KC-23 are not judged where the MCP server publishes no scopes', () => {
    const realm = structuredClone(buildRealm(settings))
    const { notJudged } = applyRules(realmRules, { realm, resource, development: true, scopes: [] }, 'realm')
    expect(notJudged).toEqual(['KC-21', 'KC-23'])
  })

  it('KC-23 finds a tool scope that is lost by registration', () => {
    const rules = examineChanged(({ components }) => {
      for (const { providerId, config } of Object.values(components).flat()) {
        if (providerId === 'allowed-client-templates') config['allowed-client-scopes'] = ['openid', 'read:customers']
      }
    })
    expect(rules).toEqual(['KC-23'])
  })

  it('KC-22 finds client metadata documents that are announced and always denied', () => {
    const rules = examineChanged((realm) => {
      realm.clientProfiles = {
        profiles: [
          ...(realm.clientProfiles?.profiles ?? []),
          {
            name: 'documents',
            executors: [
              { executor: 'client-id-metadata-document', configuration: { 'cimd-allow-permitted-domains': [] } },
            ],
          },
        ],
      }
    })
    expect(rules).toContain('KC-22')
  })
})
