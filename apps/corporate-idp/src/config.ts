import { emulatedNames, isEmulatedName, type Provider, providers } from '@mcp-identity/provider-dialects'
import { readSecretFile, type SecretFileError } from '@mcp-identity/secret-file'
import { z } from 'zod'
import type { Api } from './dialect/dialect.ts'

export interface CorporateIdpConfig {
  port: number
  /** Address to listen on. */
  host: string
  /** Whose dialect it speaks. */
  provider: Provider
  /** Where it answers, without a slash at its end; its issuer is this and what the dialect puts behind it. */
  issuer: string
  dataDir: string
  /** http on loopback, published passwords, the development secret of the admin API. */
  development: boolean
  /** Keycloak, which brokers it; absent where it issues access tokens itself. */
  keycloak?: KeycloakConfig
  /** The MCP server, for which it issues access tokens itself; absent where Keycloak does. */
  api?: Api
  /** Who may exchange ID tokens for identity assertions; absent: nobody. */
  enterpriseClient?: { clientId: string; secret: string }
  /** Resource servers that are told of a disable straight from here. */
  resourceServers: { logoutUri: string; audience: string }[]
  /** Who may have a stream of security events (SSF 1.0). */
  signalReceivers: SignalReceiverConfig[]
  admin: { resource: string; developmentSecret?: string; allowedOrigins: string[] }
}

export interface SignalReceiverConfig {
  clientId: string
  secret: string
  /** `aud` of its security event tokens. */
  audience: string
  /** The one address that it may have them pushed to; absent: it polls. */
  pushTo?: string | undefined
}

/** The realm behind which this IdP stands, and the clients between the two. */
export interface KeycloakConfig {
  /** How it lets people be signed in: OpenID Connect, or SAML 2.0. */
  protocol: 'oidc' | 'saml'
  issuer: string
  /** What the realm calls this IdP. */
  alias: string
  url: string
  /** Keycloak at this OpenID Provider; over SAML it has no secret, and the name alone is used. */
  brokerClient: { clientId: string; secret: string }
  /** This IdP at Keycloak, where it may change accounts; absent: it only signs people in and out. */
  provisioner?: { clientId: string; secret: string }
}

const file = z.string().min(1).transform(readSecret)
const address = z
  .string()
  .refine((text) => URL.canParse(text), 'must be an absolute address')
  .refine((text) => !text.endsWith('/'), 'must have no slash at its end')

const schema = z
  .object({
    IDP_PORT: z.coerce
      .number('must be a port')
      .int('must be a port')
      .min(0, 'must be a port')
      .max(65_535, 'must be a port'),
    IDP_HOST: z.string().min(1).default('127.0.0.1'),
    IDP_ISSUER: address,
    IDP_DATA_DIR: z.string().min(1),
    IDP_DEVELOPMENT: z.enum(['0', '1'], 'must be 0 or 1').default('0'),
    IDP_AS: z
      .string()
      .default('generic')
      .refine(isEmulatedName, `must be one of ${emulatedNames.join(', ')}`),
    IDP_KEYCLOAK_ISSUER: address.optional(),
    IDP_KEYCLOAK_URL: address.optional(),
    IDP_KEYCLOAK_PROTOCOL: z.enum(['oidc', 'saml'], 'must be oidc or saml').default('oidc'),
    IDP_API: z
      .string()
      .transform(readJson)
      .pipe(
        z.strictObject({
          resource: address,
          scopes: z.array(z.string().min(1)).min(1),
          scopesOfGroup: z.record(z.string(), z.array(z.string())),
        }),
      )
      .optional(),
    IDP_BROKER_ALIAS: z
      .string()
      .regex(/^[\w-]+$/, 'must be letters, digits, hyphens')
      .default('corporate'),
    IDP_BROKER_CLIENT_ID: z.string().min(1).optional(),
    IDP_BROKER_CLIENT_SECRET_FILE: file.optional(),
    IDP_PROVISIONING: z.enum(['scim', 'none'], 'must be scim or none').default('scim'),
    IDP_PROVISIONER_CLIENT_ID: z.string().min(1).default('corporate-idp-provisioner'),
    IDP_PROVISIONER_SECRET_FILE: file.optional(),
    IDP_ENTERPRISE_CLIENT_ID: z.string().min(1).default('enterprise-assistant'),
    IDP_ENTERPRISE_CLIENT_SECRET_FILE: file.optional(),
    IDP_ADMIN_SECRET_FILE: file.optional(),
    IDP_ADMIN_RESOURCE: address,
    IDP_RESOURCE_SERVERS: z
      .string()
      .default('[]')
      .transform(readJson)
      .pipe(z.array(z.strictObject({ logoutUri: address, audience: z.string().min(1) }))),
    IDP_SIGNAL_RECEIVERS: z
      .string()
      .default('[]')
      .transform(readJson)
      .pipe(
        z.array(
          z
            .strictObject({
              clientId: z.string().min(1),
              clientSecretFile: file,
              audience: z.string().min(1),
              pushTo: address.optional(),
            })
            .transform(({ clientSecretFile: secret, ...receiver }) => ({ ...receiver, secret })),
        ),
      ),
    IDP_ADMIN_ORIGINS: z
      .string()
      .default('')
      .transform((text) => text.split(/[\s,]+/).filter((origin) => origin !== ''))
      .pipe(z.array(z.string().refine(isOrigin, 'must be origins such as https://console.company.com'))),
  })
  .superRefine((environment, context) => {
    const refuse = (variable: string, message: string) =>
      context.addIssue({ code: 'custom', path: [variable], message })
    const isIssuer = environment.IDP_API !== undefined
    for (const variable of keycloakVariables) {
      const isSet = environment[variable] !== undefined
      if (isIssuer && isSet)
        refuse(variable, 'does not go with IDP_API: either Keycloak issues the access tokens or this')
      if (!isIssuer && !isSet && !isNotNeeded(variable, environment)) refuse(variable, 'is not set')
    }
    if (environment.IDP_DEVELOPMENT === '1') return
    for (const variable of ['IDP_ISSUER', 'IDP_KEYCLOAK_ISSUER', 'IDP_KEYCLOAK_URL', 'IDP_ADMIN_RESOURCE'] as const) {
      if (environment[variable]?.startsWith('https://') === false)
        refuse(variable, 'must be https unless IDP_DEVELOPMENT=1')
    }
    for (const { logoutUri } of environment.IDP_RESOURCE_SERVERS) {
      if (!logoutUri.startsWith('https://')) refuse('IDP_RESOURCE_SERVERS', 'must be https unless IDP_DEVELOPMENT=1')
    }
    for (const { pushTo = 'https://' } of environment.IDP_SIGNAL_RECEIVERS) {
      if (!pushTo.startsWith('https://')) refuse('IDP_SIGNAL_RECEIVERS', 'must be https unless IDP_DEVELOPMENT=1')
    }
    if (environment.IDP_AS !== 'generic') refuse('IDP_AS', 'plays a provider that is not yours; development only')
    if (environment.IDP_ADMIN_SECRET_FILE !== undefined) {
      refuse('IDP_ADMIN_SECRET_FILE', 'is for development; directory administrators use access tokens')
    }
  })

const keycloakVariables = [
  'IDP_KEYCLOAK_ISSUER',
  'IDP_KEYCLOAK_URL',
  'IDP_BROKER_CLIENT_SECRET_FILE',
  'IDP_PROVISIONER_SECRET_FILE',
] as const

/** Over SAML keys speak for Keycloak, which its metadata holds, and no secret. Who provisions nobody needs no client. */
function isNotNeeded(
  variable: string,
  environment: { IDP_KEYCLOAK_PROTOCOL: 'oidc' | 'saml'; IDP_PROVISIONING: 'scim' | 'none' },
): boolean {
  if (variable === 'IDP_BROKER_CLIENT_SECRET_FILE') return environment.IDP_KEYCLOAK_PROTOCOL === 'saml'
  return variable === 'IDP_PROVISIONER_SECRET_FILE' && environment.IDP_PROVISIONING === 'none'
}

/**
 * Reads the whole configuration from environment variables (see the README), once.
 *
 * @throws {Error} Lists every variable that is missing or wrong.
 */
export function readConfig(environment: NodeJS.ProcessEnv): CorporateIdpConfig {
  const read = schema.safeParse(environment)
  if (!read.success) {
    const problems = read.error.issues.map((issue) => `- ${describeProblem(issue, environment)}`)
    throw new Error(`The corporate IdP cannot start with this environment:\n${problems.join('\n')}`)
  }
  const values = read.data
  const enterpriseSecret = values.IDP_ENTERPRISE_CLIENT_SECRET_FILE
  const provider = providers[values.IDP_AS as keyof typeof providers]
  return {
    port: values.IDP_PORT,
    host: values.IDP_HOST,
    provider,
    issuer: values.IDP_ISSUER,
    dataDir: values.IDP_DATA_DIR,
    development: values.IDP_DEVELOPMENT === '1',
    ...(values.IDP_API === undefined ? { keycloak: keycloakConfig(values, provider) } : { api: values.IDP_API }),
    ...(enterpriseSecret === undefined
      ? {}
      : { enterpriseClient: { clientId: values.IDP_ENTERPRISE_CLIENT_ID, secret: enterpriseSecret } }),
    resourceServers: values.IDP_RESOURCE_SERVERS,
    signalReceivers: values.IDP_SIGNAL_RECEIVERS,
    admin: {
      resource: values.IDP_ADMIN_RESOURCE,
      ...(values.IDP_ADMIN_SECRET_FILE === undefined ? {} : { developmentSecret: values.IDP_ADMIN_SECRET_FILE }),
      allowedOrigins: values.IDP_ADMIN_ORIGINS,
    },
  }
}

function keycloakConfig(values: z.output<typeof schema>, provider: Provider): KeycloakConfig {
  return {
    issuer: values.IDP_KEYCLOAK_ISSUER ?? '',
    url: values.IDP_KEYCLOAK_URL ?? '',
    alias: values.IDP_BROKER_ALIAS,
    protocol: values.IDP_KEYCLOAK_PROTOCOL,
    brokerClient: {
      clientId: values.IDP_BROKER_CLIENT_ID ?? provider.clientIds.broker,
      secret: values.IDP_BROKER_CLIENT_SECRET_FILE ?? '',
    },
    ...(values.IDP_PROVISIONING === 'scim' && {
      provisioner: {
        clientId: values.IDP_PROVISIONER_CLIENT_ID,
        secret: values.IDP_PROVISIONER_SECRET_FILE ?? '',
      },
    }),
  }
}

function describeProblem({ path, message }: z.core.$ZodIssue, environment: NodeJS.ProcessEnv): string {
  const variable = String(path[0])
  return `${variable} ${environment[variable] === undefined ? 'is not set' : message}`
}

function readSecret(path: string, context: z.core.$RefinementCtx<string>): string {
  try {
    return readSecretFile(path)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as SecretFileError).message, input: path })
    return z.NEVER
  }
}

function readJson(text: string, context: z.core.$RefinementCtx<string>): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON', input: text })
    return z.NEVER
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}
