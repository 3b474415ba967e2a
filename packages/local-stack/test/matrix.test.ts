import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { providers } from '@mcp-identity/provider-dialects'
import { describe, expect, it } from 'vitest'
import { allRows, limitOf, nameOf, type RowReport, rowsNamed } from '../src/matrix/row.ts'
import { markdownMatrix, tellMatrix, tellRow } from '../src/matrix/tell-matrix.ts'
import { placeInReadme, type WrittenMatrix, writtenMatrix } from '../src/matrix/written-matrix.ts'
import { findWorkspaceRoot } from '../src/stack-folder.ts'

const google: RowReport = {
  provider: 'google',
  role: 'issuer',
  title: 'Google Identity',
  cells: [
    { check: 'sign in', outcome: 'passed', detail: 'one sign-in page', milliseconds: 900 },
    {
      check: 'step-up',
      outcome: 'limit',
      text: 'an API has no scopes here',
      source: 'https://developers.google.com/x',
    },
    { check: 'disable → denied', outcome: 'passed', detail: '46 ms, told by the leaver process', milliseconds: 100 },
  ],
}

describe('rows', () => {
  it('are every provider in both roles, and SAML behind Keycloak', () => {
    expect(allRows).toHaveLength(2 * Object.keys(providers).length + 1)
    expect(rowsNamed(['saml']).map(nameOf)).toEqual(['saml/corporate-idp'])
    expect(rowsNamed(['generic']).map(nameOf)).toEqual(['generic/corporate-idp', 'generic/issuer'])
    expect(new Set(allRows.map(nameOf)).size).toBe(allRows.length)
  })

  it('are chosen by provider, role or both', () => {
    expect(rowsNamed(['entra']).map(nameOf)).toEqual(['entra/corporate-idp', 'entra/issuer'])
    expect(rowsNamed(['issuer'])).toHaveLength(Object.keys(providers).length)
    expect(rowsNamed(['okta/issuer', 'okta'])).toHaveLength(2)
    expect(rowsNamed([])).toBe(allRows)
  })

  it('say what there is when nothing bears the name', () => {
    expect(() => rowsNamed(['azure'])).toThrow(/azure.*entra.*corporate-idp/)
  })

  it('have limits as the issuer only: behind Keycloak every check is run', () => {
    expect(limitOf({ provider: 'google', role: 'issuer' }, 'step-up')?.source).toMatch(/^https:/)
    expect(limitOf({ provider: 'google', role: 'corporate IdP' }, 'step-up')).toBeUndefined()
  })
})

describe('the table', () => {
  it('says of a limit what it is and where it is written', () => {
    const table = tellMatrix({ ok: true, seconds: 1, rows: [google] })
    expect(table).toContain('limit¹')
    expect(table).toContain('¹ an API has no scopes here')
    expect(markdownMatrix({ rows: [google] })).toContain('([source](https://developers.google.com/x))')
  })

  it('shows what failed, and why', () => {
    const cells: RowReport['cells'] = [
      { check: 'refresh', outcome: 'failed', problem: 'there is no refresh token', milliseconds: 5 },
      { check: 'key rotation', outcome: 'not reached' },
    ]
    expect(tellRow({ ...google, cells })).toContain('refresh: there is no refresh token')
    expect(tellMatrix({ ok: false, seconds: 1, rows: [{ ...google, cells }] })).toContain('✗')
  })

  it('is written without times, so that only outcomes change it', () => {
    expect(JSON.stringify(writtenMatrix({ rows: [google] }))).not.toMatch(/46 ms|900/)
  })

  it('stands between its marks, and nowhere else', () => {
    const readme = 'a\n<!-- providers: written by pnpm e2e:providers --write -->\nold\n<!-- end of providers -->\nb'
    const written = placeInReadme(readme, writtenMatrix({ rows: [google] }))
    expect(written).toMatch(/^a\n<!-- [^>]+-->\n\|[\s\S]+<!-- end of providers -->\nb$/)
    expect(placeInReadme(written, writtenMatrix({ rows: [google] }))).toBe(written)
    expect(() => placeInReadme('no marks', { rows: [] })).toThrow('mark')
  })
})

describe('the table of the README', () => {
  const read = (...path: string[]) => readFileSync(join(findWorkspaceRoot(), ...path), 'utf8')
  const written = JSON.parse(read('docs', 'providers', 'matrix.json')) as WrittenMatrix

  it('is the last whole run: every row, and no cell that failed', () => {
    expect(written.rows.map(nameOf)).toEqual(allRows.map(nameOf))
    const outcomes = written.rows.flatMap(({ cells }) => cells.map(({ outcome }) => outcome))
    expect(new Set(outcomes)).toEqual(new Set(['passed', 'limit']))
    expect(placeInReadme(read('README.md'), written)).toBe(read('README.md'))
  })

  it('names the limits of today', () => {
    for (const row of written.rows) {
      for (const { check, ...cell } of row.cells)
        if (cell.outcome === 'limit') expect(cell).toEqual({ outcome: 'limit', ...limitOf(row, check) })
        else expect(limitOf(row, check)).toBeUndefined()
    }
  })
})
