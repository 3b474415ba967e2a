import type { Keycloak } from './signals/keycloak.ts'

/** Stands where Keycloak would where this provider issues the access tokens itself: there is nobody to be told. */
export const withoutKeycloak: Keycloak = {
  findUser: async (username) => username,
  findAccount: async () => undefined,
  async *accounts() {},
  createUser: async ({ username }) => username,
  changeProfile: async () => {},
  deleteUser: async () => {},
  linksOf: async () => [],
  link: async () => {},
  setActive: async () => {},
  groupIds: async () => new Map(),
  groupsOf: async () => [],
  changeMembership: async () => {},
  sendLogoutToken: async () => 'done',
  logOut: async () => {},
}
