import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js'

const eventRetentionSeconds = 30 * 24 * 3600

/**
 * Everything that happens to sessions and people is recorded, with details: the MCP server's cut-off feed reads it
 * with a cursor and so loses nothing while it was away.
 */
export const eventSettings = {
  eventsEnabled: true,
  eventsExpiration: eventRetentionSeconds,
  eventsListeners: ['jboss-logging'],
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: true,
} satisfies RealmRepresentation

export const eventAttributes = { adminEventsExpiration: String(eventRetentionSeconds) }
