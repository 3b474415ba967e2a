import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { CompanyDatabase } from '../database.ts'

export interface ProviderState {
  /**
   * For oidc-provider's `adapter` setting: one adapter for each of its models. Nothing is kept for a disabled person,
   * so a request that was under way when she was disabled cannot bring her session back.
   */
  adapterOf(model: string): Adapter
  /** Ends every session, grant, code and token of a person. */
  endSignIns(subject: string): void
  /** Drops what is past its time. Called now and then; nothing expired is ever given out before. */
  removeExpired(): void
}

/**
 * oidc-provider's sessions, grants, codes and tokens in SQLite, so that a restart signs nobody out and a disabled
 * person is out in one statement.
 *
 * @param clock Milliseconds since the epoch.
 */
export function createProviderState(database: CompanyDatabase, clock: () => number = Date.now): ProviderState {
  const statements = prepare(database)

  function toPayload(row: { payload: string } | undefined): AdapterPayload | undefined {
    return row && (JSON.parse(row.payload) as AdapterPayload)
  }

  return {
    adapterOf: (model) => ({
      async upsert(id, payload, expiresInSeconds) {
        statements.upsert.run({
          model,
          id,
          payload: JSON.stringify(payload),
          accountId: accountOf(payload) ?? null,
          grantId: payload.grantId ?? null,
          uid: payload.uid ?? null,
          userCode: payload.userCode ?? null,
          expiresAtMs: expiresInSeconds === undefined ? null : clock() + expiresInSeconds * 1000,
        })
      },
      async find(id) {
        return toPayload(statements.find.get(model, id, clock()))
      },
      async findByUid(uid) {
        return toPayload(statements.findByUid.get(model, uid, clock()))
      },
      async findByUserCode(userCode) {
        return toPayload(statements.findByUserCode.get(model, userCode, clock()))
      },
      async consume(id) {
        statements.consume.run(Math.floor(clock() / 1000), model, id)
      },
      async destroy(id) {
        statements.destroy.run(model, id)
      },
      async revokeByGrantId(grantId) {
        statements.revokeByGrant.run(grantId)
      },
    }),
    endSignIns: (subject) => void statements.endSignIns.run(subject),
    removeExpired: () => void statements.removeExpired.run(clock()),
  }
}

/** Whose it is: an interaction that was just finished names her in its result, everything else directly. */
function accountOf(payload: AdapterPayload): string | undefined {
  const login = (payload.result as { login?: { accountId?: string } } | undefined)?.login
  const session = payload.session as { accountId?: string } | undefined
  return payload.accountId ?? login?.accountId ?? session?.accountId
}

function prepare(database: CompanyDatabase) {
  const current = '(expires_at_ms IS NULL OR expires_at_ms > ?)'
  return {
    upsert: database.prepare<[Record<string, string | number | null>]>(`
      INSERT INTO provider_state (model, id, payload, account_id, grant_id, uid, user_code, expires_at_ms)
      SELECT @model, @id, @payload, @accountId, @grantId, @uid, @userCode, @expiresAtMs
      WHERE NOT EXISTS (SELECT 1 FROM people WHERE subject = @accountId AND active = 0)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, account_id = excluded.account_id,
        grant_id = excluded.grant_id, uid = excluded.uid, user_code = excluded.user_code,
        expires_at_ms = excluded.expires_at_ms`),
    find: database.prepare<[string, string, number], { payload: string }>(
      `SELECT payload FROM provider_state WHERE model = ? AND id = ? AND ${current}`,
    ),
    findByUid: database.prepare<[string, string, number], { payload: string }>(
      `SELECT payload FROM provider_state WHERE model = ? AND uid = ? AND ${current}`,
    ),
    findByUserCode: database.prepare<[string, string, number], { payload: string }>(
      `SELECT payload FROM provider_state WHERE model = ? AND user_code = ? AND ${current}`,
    ),
    consume: database.prepare<[number, string, string]>(
      `UPDATE provider_state SET payload = json_set(payload, '$.consumed', ?) WHERE model = ? AND id = ?`,
    ),
    destroy: database.prepare<[string, string]>('DELETE FROM provider_state WHERE model = ? AND id = ?'),
    revokeByGrant: database.prepare<[string]>('DELETE FROM provider_state WHERE grant_id = ?'),
    endSignIns: database.prepare<[string]>('DELETE FROM provider_state WHERE account_id = ?'),
    removeExpired: database.prepare<[number]>('DELETE FROM provider_state WHERE expires_at_ms <= ?'),
  }
}
