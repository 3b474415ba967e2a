/** Something that Keycloak, or a resource server, has yet to hear about a person. */
export const signalKinds = {
  scim_inactive: 'SCIM: active is false',
  backchannel_logout: 'back-channel logout, all sessions',
  resource_server_logout: 'back-channel logout, straight to the resource servers',
  admin_logout: 'logout that sets not-before',
  scim_active: 'SCIM: active is true',
  scim_groups: 'SCIM: group memberships',
  scim_person: 'SCIM: created, or brought up to date',
  scim_delete: 'SCIM: deleted',
} as const

export type SignalKind = keyof typeof signalKinds

export interface Signal {
  id: number
  username: string
  kind: SignalKind
  state: 'pending' | 'done' | 'superseded'
  /** Signals that must be done before this one is sent. */
  after: number[]
  attempts: number
  createdAtMs: number
  nextAttemptAtMs: number
  finishedAtMs?: number
  /** Why the last attempt failed, or what was special about the success. */
  remark?: string
}
