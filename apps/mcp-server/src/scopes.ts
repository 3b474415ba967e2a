import { companyModel, type PolicyModel } from '@mcp-identity/policy'

/** Every scope that some tool needs, in the order in which challenges name them. */
export const scopesSupported = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']

/** Which scope includes which; policies and the gate read the same table. */
export const { scopeHierarchy } = companyModel

/** The scopes of a tool, from the one table that policies use as well. */
export function scopesOf(tool: string, { tools }: PolicyModel = companyModel): readonly string[] {
  const description = Object.hasOwn(tools, tool) ? tools[tool] : undefined
  if (description === undefined) throw new TypeError(`the policy model does not describe the tool ${tool}`)
  return description.scopes
}
