import { parseArgs } from 'node:util'
import type { PolicyCall } from '../decision.ts'
import { parseLocalTime } from '../local-time.ts'
import { parseRecord } from '../parse-record.ts'
import { readPeople } from '../people.ts'
import { loadPolicies, type PolicyEngine } from '../policy-engine.ts'
import type { WhatIf } from '../what-if.ts'

const help = `Usage: pnpm policy:what-if --as NAME --tool TOOL [--at TIME] [--record "team=Sales West"]

Says what the policies would decide, and why. Nothing is called and nothing is recorded.

  --as NAME          who calls, by name from the people file
  --tool TOOL        the tool that is called
  --at TIME          when: 2026-12-24T22:00 where the caller is, or an instant with its offset. Default: now
  --record FACTS     the record, as "team=Sales West, strategic=true". Default: any record
  --groups LIST      other groups than the file says, separated by commas
  --department NAME  another department
  --zone ZONE        another time zone, as Europe/Berlin
  --country CODE     another country, as DE
  --emergency        the caller declared an emergency
  --approved         a second person approved the call
  --people FILE      JSON of people. Default: the demonstration's
  --policies FOLDER  another folder of policies
  --json             print JSON
  --help             show this

Exit code: 0 it would be allowed, 1 it would be denied, 2 the question is wrong.`

const options = {
  as: { type: 'string' },
  tool: { type: 'string' },
  at: { type: 'string' },
  record: { type: 'string' },
  groups: { type: 'string' },
  department: { type: 'string' },
  zone: { type: 'string' },
  country: { type: 'string' },
  people: { type: 'string' },
  policies: { type: 'string' },
  emergency: { type: 'boolean' },
  approved: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

function main(): number {
  // `pnpm policy:what-if -- --as anna` hands the two dashes on.
  const args = process.argv.slice(2).filter((argument) => argument !== '--')
  const { values } = parseArgs({ args, options })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const engine = loadPolicies(values.policies === undefined ? {} : { directory: values.policies })
  const answer = engine.explainWhatIf(callOf(values, engine))
  console.log(values.json === true ? JSON.stringify(answer, undefined, 2) : inText(answer))
  return answer.decision.outcome === 'allowed' ? 0 : 1
}

function callOf(values: Values, engine: PolicyEngine): PolicyCall {
  const { as: name, tool } = values
  if (name === undefined || tool === undefined) throw new TypeError('--as and --tool are needed')
  const people = readPeople(values.people ?? new URL('../../scenarios/people.json', import.meta.url))
  const known = people.get(name)
  if (known === undefined) throw new TypeError(`nobody is called ${name}; known: ${[...people.keys()].join(', ')}`)
  if (!Object.hasOwn(engine.schema.model.tools, tool)) {
    throw new TypeError(`there is no tool ${tool}; known: ${Object.keys(engine.schema.model.tools).join(', ')}`)
  }
  const caller = {
    ...known,
    department: values.department ?? known.department,
    zoneinfo: values.zone ?? known.zoneinfo,
    country: values.country ?? known.country,
    groups: values.groups?.split(',').map((group) => group.trim()) ?? known.groups,
  }
  const at = values.at === undefined ? Date.now() / 1000 : parseLocalTime(values.at, caller.zoneinfo)
  const context = { at, approved: values.approved === true, breakGlass: values.emergency === true }
  const resource = parseRecord(values.record ?? '', tool, engine.schema.model)
  return { caller, tool, context, ...(resource && { resource }) }
}

function inText({ call, decision, at, businessHours, rows, policies }: WhatIf): string {
  const { subject, groups, department } = call.caller
  const hours = businessHours.open
    ? 'business hours'
    : `outside business hours${businessHours.holiday ? `, ${businessHours.holiday}` : ''}`
  const lines = [
    `${subject} (${department ?? 'no department'}; ${(groups ?? []).join(', ') || 'no groups'}) calls ${call.tool}`,
    `at ${at} (${hours}): ${decision.outcome.toUpperCase()}`,
    '',
  ]
  if (decision.outcome === 'denied') lines.push(`  ${decision.explanation}`)
  if (decision.outcome === 'denied' && decision.retryAfter !== undefined)
    lines.push(`  Allowed again from ${decision.retryAfter}.`)
  for (const { layer, outcome, detail } of decision.layers)
    lines.push(`  ${layer.padEnd(9)} ${outcome.padEnd(10)} ${detail}`)
  lines.push(
    '',
    `  records   ${typeof rows === 'string' ? rows : `${rows.sql}  ${JSON.stringify(rows.parameters)}`}`,
    '',
  )
  for (const { name, effect, standing } of policies) {
    if (standing !== 'about others') lines.push(`  ${effect.padEnd(7)} ${name}: ${standing}`)
  }
  return lines.join('\n')
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nSee pnpm policy:what-if --help.`)
  process.exitCode = 2
}
