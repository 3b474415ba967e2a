/** Published vectors whose result here is another one, and why that is right. */
export interface Deviation {
  readonly why: string
  /** Numbers of the vectors in each file; `12-15` stands for four. */
  readonly vectors: Readonly<Record<string, readonly (number | string)[]>>
}

/** Valid vectors that are refused. Every entry is checked both ways: one that comes out as published must not be here. */
export const deviations: readonly Deviation[] = [
  {
    why: 'HMAC is never accepted: whoever can verify could also sign',
    vectors: {
      json_web_signature_test: [1, 348, 352, '357-359', 376, 377],
      json_web_key_test: [2, '13-15'],
      json_web_crypto_test: [1, 48],
      cookbook: ['4_4'],
    },
  },
  {
    why: 'HMAC again, and characters outside the alphabet are refused rather than skipped (RFC 7515 section 2)',
    vectors: { json_web_signature_test: [372, 373] },
  },
  {
    why: 'RS384, RS512, PS384 and PS512 are not on the list of algorithms',
    vectors: { json_web_signature_test: ['264-271', '320-323', '325-328'], cookbook: ['4_2'] },
  },
  {
    why: 'the token says PS384, its key PS256: a key has one algorithm (RFC 8725 section 3.1)',
    vectors: { json_web_signature_test: [346, 350] },
  },
  {
    why: 'ES512 and P-521 are not on the list of algorithms',
    vectors: {
      json_web_signature_test: [347, 351],
      cookbook: ['4_3'],
      ecdsa_secp521r1_sha512_p1363_test: [
        1,
        '60-184',
        '186-189',
        191,
        193,
        195,
        197,
        199,
        '203-209',
        211,
        213,
        215,
        217,
        '219-233',
        '235-269',
        '274-285',
        '290-309',
        313,
        '317-318',
      ],
    },
  },
  {
    why: 'the payload is empty, which an access token never is',
    vectors: { json_web_signature_test: [259, 272] },
  },
  {
    why: 'encrypted tokens are never decrypted',
    vectors: {
      json_web_crypto_test: [50, 67],
      json_web_encryption_test: [1, 23, '28-35', '52-62', '66-93', '100-105', 112, 121, '128-135'],
    },
  },
]
