import type { Asked, PolicyTool, WhatIfQuestion } from '../../api/policies.ts'
import { zonedInstant } from './zoned-instant.ts'

/** A what-if question. Lives in the page's address, so that it can be sent to somebody. */
export interface Question {
  /** User name of a person. */
  as?: string
  tool?: string
  /** Groups other than the person's own. */
  groups?: string[]
  /** Attributes of one record. */
  record?: Record<string, string | boolean>
  /** Local time where the person is, `2026-12-24T22:00`. */
  at?: string
  emergency?: boolean
  approved?: boolean
}

/** Reads a question from an address; whatever makes no sense is left out. */
export function parseQuestion(search: Record<string, unknown>): Question {
  const { as, tool, groups, record, at, emergency, approved } = search
  return {
    ...(isText(as) ? { as } : {}),
    ...(isText(tool) ? { tool } : {}),
    ...(Array.isArray(groups) ? { groups: groups.filter(isText).slice(0, 50) } : {}),
    ...(typeof record === 'object' && record !== null ? { record: attributesOf(record) } : {}),
    ...(isText(at) && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(at) ? { at } : {}),
    ...(emergency === true ? { emergency } : {}),
    ...(approved === true ? { approved } : {}),
  }
}

function attributesOf(record: object): Record<string, string | boolean> {
  const known = Object.entries(record).filter(
    (entry): entry is [string, string | boolean] => isText(entry[1]) || typeof entry[1] === 'boolean',
  )
  return Object.fromEntries(known.slice(0, 10))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 200
}

/** The question as the MCP server takes it. */
export function toRequest(question: Question, person: Asked, tool: PolicyTool): WhatIfQuestion {
  const { name, department, zoneinfo, country } = person
  const record = recordOf(question.record ?? {}, tool)
  return {
    caller: {
      groups: question.groups ?? person.groups,
      ...(name === undefined ? {} : { name }),
      ...(department === undefined ? {} : { department }),
      ...(zoneinfo === undefined ? {} : { zoneinfo }),
      ...(country === undefined ? {} : { country }),
    },
    tool: tool.name,
    ...(record === undefined ? {} : { record }),
    ...(question.at === undefined ? {} : { at: zonedInstant(question.at, zoneinfo) }),
    ...(question.approved === true ? { approved: true } : {}),
    ...(question.emergency === true ? { breakGlass: true } : {}),
  }
}

/** A record only when every attribute that it must have was given: half a record would be a question about nothing. */
function recordOf(given: Record<string, string | boolean>, { attributes }: PolicyTool) {
  const needed = Object.entries(attributes).filter(([, { optional, always }]) => !optional && always === undefined)
  const isWhole = needed.length > 0 && needed.every(([name]) => given[name] !== undefined)
  if (!isWhole) return undefined
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(attributes, name)))
}
