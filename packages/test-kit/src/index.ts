export {
  assembleToken,
  encodeBytes,
  encodePart,
  type RawToken,
  signBytes,
  signWithSecret,
  type TokenPart,
} from './assemble-token.ts'
export { createFrozenClock, type FrozenClock, frozenNow } from './frozen-clock.ts'
export type { KeySetBehaviour } from './key-set-behaviours.ts'
export { keySetBehaviours } from './key-set-behaviours.ts'
export type { LoopbackServer } from './loopback-server.ts'
export { describeAccessToken, type MintOptions, mintAccessToken } from './mint-access-token.ts'
export {
  type DpopFault,
  type DpopFaultName,
  type DpopProofOptions,
  dpopConfirmation,
  dpopFaults,
  mintDpopProof,
  type UnsignedProof,
} from './mint-dpop-proof.ts'
export { type OtherToken, otherTokens } from './other-tokens.ts'
export { type PoisonedEntry, poisonedEntries, poisonedKeySet } from './poisoned-key-set.ts'
export { hasPostgresServer, type PostgresServer, startPostgresServer } from './postgres-server.ts'
export {
  type CallerKind,
  type Dialect,
  dialects,
  known,
  mostEntraGroups,
  type ProviderDialect,
  type TokenFacts,
  type TokenSubject,
} from './provider-dialects.ts'
export {
  hasRedisServer,
  type RedisServer,
  type RedisServerOptions,
  redisPrograms,
  startRedisServer,
} from './redis-server.ts'
export { type KeySetOptions, type KeySetServer, serveKeySet } from './serve-key-set.ts'
export {
  googleTokenInfo,
  serveIntrospection,
  serveTokenInfo,
  type TokenDescription,
  type TokenInfoServer,
} from './serve-token-info.ts'
export {
  type PublicJwk,
  publicKeySet,
  type TestKey,
  type TestKeyAlgorithm,
  type TestKeyName,
  testKeys,
} from './test-keys.ts'
export { type TokenFault, type TokenFaultName, tokenFaults } from './token-faults.ts'
export { signToken, type UnsignedToken } from './unsigned-token.ts'
