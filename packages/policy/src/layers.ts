import type { PolicyCaller } from './caller.ts'
import type { DenialReason, LayerVerdict } from './decision.ts'
import { inWords } from './explain-denial.ts'
import type { PolicyModel, ToolDescription } from './policy-model.ts'
import { includedScopes } from './scope-hierarchy.ts'

interface TokenLayer {
  layer: 'scopes' | 'roles'
  reason: DenialReason
  granted: (caller: PolicyCaller) => readonly string[] | null | undefined
  refusal: (missing: string) => string
}

/** The layers before the policies, in the order in which they are asked. */
const tokenLayers: readonly TokenLayer[] = [
  {
    layer: 'scopes',
    reason: 'missing_scope',
    granted: (caller) => caller.scopes,
    refusal: (missing) => `The access token lacks ${missing}.`,
  },
  {
    layer: 'roles',
    reason: 'missing_role',
    granted: (caller) => caller.liveRoles,
    refusal: (missing) => `The role ${missing} is no longer yours.`,
  },
]

/** Asks scopes and live roles for what a tool takes. The first that denies ends it, and its reason is returned. */
export function askTokenLayers(
  tool: ToolDescription,
  caller: PolicyCaller,
  model: PolicyModel,
): { verdicts: readonly LayerVerdict[]; denied: DenialReason | undefined } {
  const verdicts: LayerVerdict[] = []
  for (const { layer, reason, granted, refusal } of tokenLayers) {
    const given = granted(caller)
    if (!Array.isArray(given)) {
      verdicts.push({ layer, outcome: 'not asked', detail: `no ${layer} were given` })
      continue
    }
    const included = includedScopes(given, model.scopeHierarchy)
    const missing = tool.scopes.filter((scope) => !included.has(scope))
    if (missing.length > 0) {
      verdicts.push({ layer, outcome: 'denied', detail: refusal(inWords(missing)) })
      return { verdicts, denied: reason }
    }
    verdicts.push({ layer, outcome: 'allowed', detail: tool.scopes.join(' ') })
  }
  return { verdicts, denied: undefined }
}
