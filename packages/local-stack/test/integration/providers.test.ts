import { expect, it } from 'vitest'
import { nameOf, rowsNamed } from '../../src/matrix/row.ts'
import { runMatrix } from '../../src/matrix/run-matrix.ts'
import { readSettings } from '../../src/settings.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/**
 * Keycloak behind Keycloak and as the issuer, one whose groups come by provisioning only, SAML, and an issuer with two
 * names. `pnpm e2e:providers` runs all.
 */
const rows = ['keycloak', 'google/corporate-idp', 'saml', 'adfs/issuer']

it('every cell passes or is the provider’s own limit', async () => {
  const report = await runMatrix({
    settings: readSettings({ PORT_BASE: '9760', ...process.env }),
    directory: temporaryFolder(),
    rows: rowsNamed(rows),
  })
  const broken = report.rows.flatMap((row) =>
    row.cells.flatMap((cell) => (cell.outcome === 'failed' ? [`${nameOf(row)} ${cell.check}: ${cell.problem}`] : [])),
  )
  expect(broken).toEqual([])
  expect(report.ok).toBe(true)
})
