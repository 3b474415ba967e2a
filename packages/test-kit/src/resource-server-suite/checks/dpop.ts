import { type DpopFaultName, dpopConfirmation, dpopFaults } from '../../mint-dpop-proof.ts'
import { testKeys } from '../../test-keys.ts'
import type { Check } from '../check.ts'
import { problemsOf } from '../expectations.ts'
import { bearer, sendProbe } from '../messages.ts'
import type { Subject } from '../subject.ts'

const INVALID_PROOF = { statuses: [401], code: 'invalid_dpop_proof', scheme: 'dpop' }
const INVALID_TOKEN = { statuses: [401], code: 'invalid_token' }
/** The proof is in order; it does not belong to this token. RFC 9449 leaves both codes open. */
const MISMATCHES: readonly string[] = ['withoutTokenHash', 'otherTokenHash']

function bound(subject: Subject): string {
  return subject.mint({ claims: { cnf: dpopConfirmation() } })
}

function check(name: string, rule: string, source: string, run: Check['run']): Check {
  return { id: `dpop.${name}`, rule, source, level: 'must', needs: ['issuer', 'dpop'], run }
}

const faults = (Object.keys(dpopFaults) as DpopFaultName[]).map((fault) => {
  const { rule, source } = dpopFaults[fault]
  const name = fault.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return check(name, rule, source, async (subject) => {
    const accessToken = bound(subject)
    const headers = [`Authorization: DPoP ${accessToken}`, `DPoP: ${subject.proof({ accessToken, fault })}`]
    const answer = await sendProbe(subject, headers)
    return problemsOf(answer, MISMATCHES.includes(fault) ? { statuses: [401] } : INVALID_PROOF)
  })
})

/** Access tokens that are bound to a key (RFC 9449): the good case, and each check of section 4.3. */
export const dpopChecks: readonly Check[] = [
  check('good', 'accepts a bound token with a good proof', 'RFC 9449 section 7.1', async (subject) => {
    const accessToken = bound(subject)
    const headers = [`Authorization: DPoP ${accessToken}`, `DPoP: ${subject.proof({ accessToken })}`]
    return problemsOf(await sendProbe(subject, headers), { statuses: [200] })
  }),
  check('without-proof', 'refuses a bound token without a proof', 'RFC 9449 section 7.1', async (subject) =>
    problemsOf(await sendProbe(subject, [`Authorization: DPoP ${bound(subject)}`]), INVALID_PROOF),
  ),
  check('as-bearer', 'refuses a bound token under Bearer', 'RFC 9449 section 7.2', async (subject) =>
    problemsOf(await sendProbe(subject, [bearer(bound(subject))]), INVALID_TOKEN),
  ),
  check('unbound', 'refuses an unbound token under DPoP', 'RFC 9449 section 7.1', async (subject) => {
    const accessToken = subject.mint()
    const headers = [`Authorization: DPoP ${accessToken}`, `DPoP: ${subject.proof({ accessToken })}`]
    return problemsOf(await sendProbe(subject, headers), { statuses: [401] })
  }),
  check('other-key', 'refuses the proof of another key', 'RFC 9449 section 7.1', async (subject) => {
    const accessToken = bound(subject)
    const proof = subject.proof({ accessToken, key: testKeys.otherClient })
    return problemsOf(await sendProbe(subject, [`Authorization: DPoP ${accessToken}`, `DPoP: ${proof}`]), {
      statuses: [401],
    })
  }),
  check('two-headers', 'refuses two DPoP headers', 'RFC 9449 section 4.3, check 1', async (subject) => {
    const accessToken = bound(subject)
    const proofs = [1, 2].map(() => `DPoP: ${subject.proof({ accessToken })}`)
    return problemsOf(await sendProbe(subject, [`Authorization: DPoP ${accessToken}`, ...proofs]), INVALID_PROOF)
  }),
  check('replay', 'refuses a proof that it has seen', 'RFC 9449 section 11.1', async (subject) => {
    const accessToken = bound(subject)
    const headers = [`Authorization: DPoP ${accessToken}`, `DPoP: ${subject.proof({ accessToken })}`]
    const first = problemsOf(await sendProbe(subject, headers), { statuses: [200] })
    return first.length > 0 ? first : problemsOf(await sendProbe(subject, headers), INVALID_PROOF)
  }),
  ...faults,
]
