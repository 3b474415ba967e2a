import { type AccessTokenClaims, audiencesOf, scopesOf } from '../../session/access-token.ts'
import { Card } from '../../ui/card.tsx'
import { type Fact, FactList } from '../../ui/fact-list.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { durationWords, fullTime } from '../../ui/time-words.ts'

/** The access token claim by claim. The token itself is shown nowhere: whoever has it can use it. */
export function TokenExplained({ claims }: { claims: AccessTokenClaims }) {
  return (
    <Card title="Your access token, explained" aside="Never shown whole, never stored">
      <FactList facts={describeClaims(claims)} />
    </Card>
  )
}

function describeClaims(claims: AccessTokenClaims): Fact[] {
  const instant = (seconds: number): string => fullTime(new Date(seconds * 1000))
  return [
    {
      term: 'iss',
      value: <code>{claims.iss}</code>,
      note: 'Who issued it. The MCP server takes tokens of this issuer only.',
    },
    {
      term: 'aud',
      value: <code>{audiencesOf(claims).join(', ')}</code>,
      note: 'Whom it is for. No other server may accept it.',
    },
    {
      term: 'sub',
      value: <Identifier value={claims.sub} label="subject" />,
      note: 'You, for as long as your account exists. Names and addresses may change.',
    },
    { term: 'azp', value: <code>{claims.azp}</code>, note: 'The client that asked for it: this page.' },
    {
      term: 'scope',
      value: <code>{scopesOf(claims).join(' ') || 'none'}</code>,
      note: 'The most that it can be used for.',
    },
    {
      term: 'iat, exp',
      value: `${instant(claims.iat)}, for ${durationWords(claims.exp - claims.iat)}`,
      note: 'A copy of it is worthless after that, and at once when your access is ended.',
    },
    {
      term: 'sid',
      value: claims.sid && <Identifier value={claims.sid} label="session id" />,
      note: 'Your session at Keycloak. Ending it ends this token.',
    },
    {
      term: 'jti',
      value: claims.jti && <Identifier value={redact(claims.jti)} label="token id, shortened" />,
      note: 'Its own number. Audit records name it, so that a call can be traced to this token.',
    },
    {
      term: 'zoneinfo',
      value: claims.zoneinfo && <code>{claims.zoneinfo}</code>,
      note: 'Business hours are yours, not the server’s.',
    },
  ]
}

function redact(id: string): string {
  return id.length <= 10 ? id : `${id.slice(0, 8)}…${id.slice(-2)}`
}
