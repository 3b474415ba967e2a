import type { Addresses } from '../addresses.ts'

/** What Keycloak is told beside what every start is told. */
export interface KeycloakSettings {
  options: string[]
  environment: Record<string, string>
}

/** The settings of a Keycloak that speaks plain http by itself. */
export function alone({ keycloak }: Addresses): KeycloakSettings {
  return {
    options: ['--http-enabled=true', `--http-port=${new URL(keycloak).port}`, ...namedAt(keycloak)],
    environment: {},
  }
}

/** Whoever asks inside the network hears addresses inside it; the issuer stays the same. */
export function namedAt(address: string): string[] {
  return [`--hostname=${address}`, '--hostname-backchannel-dynamic=true']
}
