/**
 * The text of an `objectGUID`, as Keycloak keeps it in `LDAP_ID`: the first three parts are stored with the least
 * significant byte first (MS-DTYP section 2.3.4.2).
 *
 * @throws {TypeError} Not 16 bytes.
 */
export function readGuid(bytes: Buffer): string {
  if (bytes.length !== 16) throw new TypeError(`an objectGUID has 16 bytes, found ${bytes.length}`)
  const part = (order: number[]): string =>
    order.map((index) => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('')
  return [part([3, 2, 1, 0]), part([5, 4]), part([7, 6]), part([8, 9]), part([10, 11, 12, 13, 14, 15])].join('-')
}
