export type { ClientCredentials, ClientCredentialsOptions } from './client-credentials.ts'
export { createClientCredentials } from './client-credentials.ts'
export type { CutOffState, CutOffStateOptions } from './cut-off-state.ts'
export { createCutOffState } from './cut-off-state.ts'
export type { FeedState } from './feed-state.ts'
export type { KeycloakAdminClient, KeycloakAdminClientOptions } from './keycloak/admin-client.ts'
export { createKeycloakAdminClient } from './keycloak/admin-client.ts'
export type { BrokeredSubjects, BrokeredSubjectsOptions } from './keycloak/brokered-subjects.ts'
export { brokeredSubjects } from './keycloak/brokered-subjects.ts'
export type { EventCursor } from './keycloak/event-reader.ts'
export { EventsNotRecordedError } from './keycloak/event-reader.ts'
export type { KeycloakAdminEvent, KeycloakUserEvent } from './keycloak/events.ts'
export type { CursorStore, KeycloakEventFeed, KeycloakEventFeedOptions } from './keycloak/poll-keycloak-events.ts'
export { pollKeycloakEvents } from './keycloak/poll-keycloak-events.ts'
export type { Sighting } from './keycloak/read-signals.ts'
export { readAdminEvent, readUserEvent } from './keycloak/read-signals.ts'
export type { SignalReceivers, SignalReceiversOptions } from './receivers/create-signal-receivers.ts'
export { createSignalReceivers } from './receivers/create-signal-receivers.ts'
export type { MaintainedStream, MaintainStreamOptions } from './receivers/maintain-stream.ts'
export { maintainStream } from './receivers/maintain-stream.ts'
export type { PolledStream, PollOptions } from './receivers/poll-security-events.ts'
export { pollSecurityEvents } from './receivers/poll-security-events.ts'
export type { OnStreamEvent, SignalOrigin, StreamEvent } from './receivers/receiver-context.ts'
export type { SignalErrorCode } from './receivers/refused-signal.ts'
export { RefusedSignalError } from './receivers/refused-signal.ts'
export type {
  StreamClient,
  StreamClientOptions,
  StreamConfiguration,
  StreamDelivery,
  StreamRequest,
  StreamStatus,
  TransmitterConfiguration,
} from './receivers/stream-client.ts'
export { createStreamClient, StreamManagementError } from './receivers/stream-client.ts'
export type { SignalAlgorithm, TokenNames, Transmitter } from './receivers/transmitter.ts'
export type { CutOff, CutOffCause, PermissionsChange, PermissionsChangeCause, Signal, TokenFacts } from './signal.ts'
export { cutOffCauses, isCutOffBy } from './signal.ts'
export type { SecurityEvent, SignalTransmitter, TransmitterOptions } from './transmitter/create-transmitter.ts'
export { createSignalTransmitter } from './transmitter/create-transmitter.ts'
export { eventTypes } from './transmitter/event-types.ts'
export type { PushFailure } from './transmitter/push-delivery.ts'
export type { StreamReceiver } from './transmitter/stream-receiver.ts'
export type { OutgoingEvent, Stream, TransmitterStore } from './transmitter/transmitter-store.ts'
