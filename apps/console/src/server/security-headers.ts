import type { ConsoleSettings } from '../config.ts'

/** What the console answers with: the page, the page that one hidden frame of its own loads, or anything else. */
export type AnswerKind = 'page' | 'framed page' | 'other'

/**
 * The security headers of every answer, errors included (OWASP ASVS 5.0 section 3.4).
 *
 * Scripts, styles, fonts and images come from this origin alone, without inline exceptions. Connections go to the
 * origins that the settings name, and to nothing else. Only the silent sign-in page may be framed, by this origin.
 */
export function securityHeaders(settings: ConsoleSettings, kind: AnswerKind): Readonly<Record<string, string>> {
  const framed = kind === 'framed page'
  return {
    'content-security-policy': contentSecurityPolicy(settings, framed),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'permissions-policy': permissionsPolicy,
    'x-frame-options': framed ? 'SAMEORIGIN' : 'DENY',
    'x-permitted-cross-domain-policies': 'none',
    ...(settings.development ? {} : { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
  }
}

function contentSecurityPolicy(settings: ConsoleSettings, framed: boolean): string {
  const issuer = new URL(settings.issuer).origin
  const spokenTo = [settings.issuer, settings.mcp, ...settings.replicas, settings.corporateIdp]
  const connections = new Set(spokenTo.map((url) => new URL(url).origin))
  const directives: Record<string, string> = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'font-src': "'self'",
    'img-src': "'self'",
    'manifest-src': "'self'",
    'connect-src': ["'self'", ...connections].join(' '),
    // keycloak-js asks for the session in a hidden frame.
    'frame-src': framed ? "'none'" : `'self' ${issuer}`,
    'frame-ancestors': framed ? "'self'" : "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'object-src': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  }
  return Object.entries(directives)
    .map((directive) => directive.join(' '))
    .join('; ')
}

const permissionsPolicy = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'microphone',
  'payment',
  'publickey-credentials-get',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ')
