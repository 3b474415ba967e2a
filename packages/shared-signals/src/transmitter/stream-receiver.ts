/** Somebody who may have streams. */
export interface StreamReceiver {
  /** Whose streams are whose goes by it. */
  name: string
  /** `aud` of its SETs. */
  audience: string | readonly string[]
  /** Whether streams may be changed (`ssf.manage`), beside being read and polled (`ssf.read`). */
  mayManage: boolean
}
