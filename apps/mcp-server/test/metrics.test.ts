import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { idleMetrics } from './fixtures/idle-metrics.ts'

const metrics = idleMetrics()
const known = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name))
const read = (name: string): string =>
  readFileSync(new URL(`../../../infra/observability/${name}`, import.meta.url), 'utf8')

it.each(['alerts.yaml', 'dashboard.json', 'README.md'])(
  'infra/observability/%s names metrics that there are',
  (name) => {
    const named = [...read(name).matchAll(/\b(mcp|process)_[a-z_]+\b/g)].map(([metric]) =>
      metric.replace(/_(bucket|count|sum)$/, ''),
    )
    expect(named.length).toBeGreaterThan(10)
    expect([...new Set(named)].filter((metric) => !known.has(metric))).toEqual([])
  },
)

it('infra/observability/README.md tells of every metric', () => {
  const text = read('README.md')
  expect([...known].filter((metric) => !text.includes(`\`${metric}\``))).toEqual([])
})
