const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'

/** Event types of CAEP 1.0 section 3, RISC 1.0 section 2 and SSF 1.0 sections 8.1.4 and 8.1.5, by their short names. */
export const eventTypes = {
  sessionRevoked: `${caep}session-revoked`,
  tokenClaimsChange: `${caep}token-claims-change`,
  credentialChange: `${caep}credential-change`,
  assuranceLevelChange: `${caep}assurance-level-change`,
  deviceComplianceChange: `${caep}device-compliance-change`,
  accountDisabled: `${risc}account-disabled`,
  accountEnabled: `${risc}account-enabled`,
  accountPurged: `${risc}account-purged`,
  credentialCompromise: `${risc}credential-compromise`,
  sessionsRevoked: `${risc}sessions-revoked`,
  verification: `${ssf}verification`,
  streamUpdated: `${ssf}stream-updated`,
} as const
