import type { PolicyResource } from './decision.ts'
import type { PolicyModel } from './policy-model.ts'

/**
 * Reads `team=Sales West, strategic=true` as a record of the type that a tool acts on; nothing as no record.
 *
 * @throws {TypeError} The tool or an attribute is unknown, or a value has the wrong type.
 */
export function parseRecord(text: string, tool: string, model: PolicyModel): PolicyResource | undefined {
  if (text.trim() === '') return undefined
  const type = Object.hasOwn(model.tools, tool) ? model.tools[tool]?.resourceType : undefined
  if (type === undefined) throw new TypeError(`there is no tool ${tool}`)
  const record: PolicyResource = { type, id: 'example' }
  for (const part of text.split(',')) {
    const [name = '', ...rest] = part.split('=').map((side) => side.trim())
    const value = rest.join('=')
    if (name === 'id') record.id = value
    else record[name] = parseValue(name, value, type, model)
  }
  return record
}

function parseValue(name: string, value: string, type: string, model: PolicyModel): unknown {
  const attributes = model.resourceTypes[type]?.attributes ?? {}
  const described = Object.hasOwn(attributes, name) ? attributes[name]?.type : undefined
  if (described === undefined) throw new TypeError(`${type} has no attribute ${name}`)
  if (described === 'string') return value
  if (described === 'long' && /^-?\d+$/.test(value)) return Number(value)
  if (described === 'boolean' && /^(true|false)$/.test(value)) return value === 'true'
  throw new TypeError(`${type}.${name} must be a ${described}, found ${value}`)
}
