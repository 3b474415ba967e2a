import { companyModel } from '@mcp-identity/policy'

/** Every scope that some tool needs, in the order in which challenges name them. */
export const scopesSupported = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']

/** Which scope includes which; policies and the gate read the same table. */
export const { scopeHierarchy } = companyModel

/** The scopes of a tool, from the one table that policies use as well. */
export function scopesOf(tool: string): readonly string[] {
  const description = Object.hasOwn(companyModel.tools, tool) ? companyModel.tools[tool] : undefined
  if (description === undefined) throw new TypeError(`the policy model does not describe the tool ${tool}`)
  return description.scopes
}
