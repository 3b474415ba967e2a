import type { AuditEvent } from '../src/index.ts'

/** Alice deletes a customer. */
export const aliceDeletes: AuditEvent = {
  requestId: 'req-1',
  phase: 'decision',
  action: 'tools/call',
  tool: 'delete_customer',
  outcome: 'allowed',
  issuer: 'https://sso.company.com/realms/company',
  subject: '7f0c8f0e-alice',
  clientId: 'mcp-cli',
  tokenId: 'trrtcc:1',
  sessionId: 'session-1',
  callerKind: 'person',
  email: 'alice@company.com',
  name: 'Alice Adams',
  department: 'Engineering',
  argumentsDigest: 'sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  policies: ['customer-admins-manage-customers'],
}
