/** How a token came: needed for tokens that are bound to a key. */
export interface TokenPresentation {
  /** The method of the request, as in its first line. */
  readonly method: string
  /** The address the client used, as it sees it, not as a proxy rewrote it. */
  readonly url: string
  /** Value of the `DPoP` header. */
  readonly dpopProof?: string | undefined
  /** SHA-256 thumbprint of the client certificate of the connection, base64url (RFC 8705 section 3.1). */
  readonly clientCertificateThumbprint?: string | undefined
  /** Scheme of the `Authorization` header. Default: `DPoP` when there is a proof, else `Bearer`. */
  readonly scheme?: 'Bearer' | 'DPoP' | undefined
  /** Refuse a token that is not bound to a key. Default: what the verifier was told. */
  readonly requireSenderConstraint?: boolean | undefined
}
