import type { Clause, Expr, PatternElem, PolicyJson, ResidualResponse } from '@cedar-policy/cedar-wasm/nodejs'
import type { ResourceDescription } from './policy-model.ts'

export type SqlValue = string | number
/** Which rows someone may see: every row, none, or those that a condition selects. */
export type RowFilter = 'all' | 'none' | { sql: string; parameters: SqlValue[] }

export interface SqlOptions {
  /** Column of each attribute, as `team` or `customers.team`. Default: the attribute's name. `id` is the record's id. */
  columns?: Readonly<Record<string, string>>
  /** `sqlite` numbers parameters by position (`?`), `postgres` by `$1`. Default `sqlite`. */
  dialect?: 'sqlite' | 'postgres'
  /** Number of the first parameter in the `postgres` dialect. Default 1. */
  firstParameter?: number
}

/** A policy asks for something of a record that SQL cannot be asked for; the policy and the expression are named. */
export class UnfilterablePolicyError extends Error {
  constructor(policy: string, expression: string) {
    super(`policy ${policy} cannot become a row filter: ${expression}`)
    this.name = 'UnfilterablePolicyError'
  }
}

type Condition = { sql: string; parameters: SqlValue[] }
type Term =
  | { kind: 'known'; value: unknown }
  | { kind: 'record' }
  | { kind: 'column'; sql: string; type: string }
  | { kind: 'condition'; condition: Condition }

/**
 * Turns what partial evaluation left open into a condition on the rows of one type of record.
 *
 * A row passes when some permit holds and no forbid does. Rows without one of the attributes named in `present` never
 * pass, because the single record is refused as well.
 *
 * @throws {UnfilterablePolicyError} A policy that is still open uses an operator that has no exact match in SQL.
 */
export function residualsToRowFilter(
  response: ResidualResponse,
  resourceType: string,
  description: ResourceDescription,
  options: SqlOptions = {},
  present: readonly string[] = [],
): RowFilter {
  if (response.errored.length > 0) return 'none'
  const compiler = createCompiler(resourceType, description, options)
  const permits: Term[] = []
  const forbids: Term[] = []
  for (const [name, residual] of Object.entries(response.residuals)) {
    const list = residual.effect === 'permit' ? permits : forbids
    list.push(compiler.policy(name, residual))
  }
  const allowed = join(permits, 'OR')
  const passes = join([allowed, ...forbids.map(negate), ...present.map((name) => isPresent(name, options))], 'AND')
  if (passes.kind === 'known') return passes.value === true ? 'all' : 'none'
  const { sql, parameters } = asCondition(passes)
  return { sql: numbered(sql, options), parameters }
}

const comparisons: Readonly<Record<string, string>> = {
  '==': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

function createCompiler(resourceType: string, description: ResourceDescription, options: SqlOptions) {
  const dialect = options.dialect ?? 'sqlite'
  let policyName = ''

  function unfilterable(expr: unknown): never {
    throw new UnfilterablePolicyError(policyName, JSON.stringify(expr))
  }

  function attribute(name: string): Term {
    const found = Object.hasOwn(description.attributes, name) ? description.attributes[name] : undefined
    if (found === undefined) return unfilterable(`resource.${name}`)
    if (found.always !== undefined) return { kind: 'known', value: found.always }
    const sql = columnOf(name, options)
    return { kind: 'column', sql, type: found.type }
  }

  function has(name: unknown): Term {
    const single = Array.isArray(name) && name.length === 1 ? name[0] : name
    if (typeof single !== 'string') return unfilterable(`resource has ${String(name)}`)
    const found = Object.hasOwn(description.attributes, single) ? description.attributes[single] : undefined
    if (found?.optional !== true) return { kind: 'known', value: found !== undefined }
    if (found.always !== undefined) return { kind: 'known', value: true }
    return isPresent(single, options)
  }

  function compare(operator: string, left: Term, right: Term): Term {
    if (left.kind === 'known' && right.kind === 'known')
      return { kind: 'known', value: compareKnown(operator, left.value, right.value) }
    if (left.kind === 'record' || right.kind === 'record') return compareRecord(operator, left, right)
    const a = operand(left)
    const b = operand(right)
    return condition(`${a.sql} ${comparisons[operator]} ${b.sql}`, [...a.parameters, ...b.parameters])
  }

  function compareRecord(operator: string, left: Term, right: Term): Term {
    const other = left.kind === 'record' ? right : left
    const id = other.kind === 'known' ? entityId(other.value) : undefined
    if (id === undefined || (operator !== '==' && operator !== '!=')) return unfilterable(operator)
    if (id.type !== resourceType) return { kind: 'known', value: operator === '!=' }
    return condition(`${columnOf('id', options)} ${comparisons[operator]} ?`, [id.id])
  }

  function operand(term: Term): Condition {
    if (term.kind === 'column') return { sql: term.sql, parameters: [] }
    if (term.kind === 'known') return { sql: '?', parameters: [sqlValue(term.value) ?? unfilterable(term.value)] }
    return unfilterable('a comparison of conditions')
  }

  /** Membership in a set that is known: `["Sales", "Sales West"].contains(resource.team)`. */
  function contains(set: Term, element: Term): Term {
    if (set.kind !== 'known' || !Array.isArray(set.value)) return unfilterable('contains')
    if (element.kind === 'known') {
      const { value } = element
      return { kind: 'known', value: set.value.some((member) => compareKnown('==', member, value)) }
    }
    if (element.kind !== 'column') return unfilterable('contains')
    if (set.value.length === 0) return { kind: 'known', value: false }
    const values = set.value.map((member) => sqlValue(member) ?? unfilterable(member))
    return condition(`${element.sql} IN (${values.map(() => '?').join(', ')})`, values)
  }

  function like(text: Term, pattern: PatternElem[]): Term {
    if (text.kind === 'known') return { kind: 'known', value: likeKnown(text.value, pattern) }
    if (text.kind !== 'column') return unfilterable('like')
    const [operator, value] = likePattern(pattern, dialect)
    return condition(`${text.sql} ${operator} ?`, [value])
  }

  /** As Cedar does: the right side is not looked at when the left one decides. */
  function shortCircuit(expr: Expr, operator: '&&' | '||', word: 'AND' | 'OR'): Term {
    const { left, right } = operands(expr, operator)
    const first = truth(term(left))
    if (first.kind === 'known' && (first.value === true) === (word === 'OR')) return first
    return join([first, truth(term(right))], word)
  }

  function operands(expr: Expr, operator: string): { left: Expr; right: Expr } {
    return (expr as unknown as Record<string, { left: Expr; right: Expr }>)[operator] ?? unfilterable(expr)
  }

  const binary = (expr: Expr, operator: string): [Term, Term] => {
    const { left, right } = operands(expr, operator)
    return [term(left), term(right)]
  }

  const operators: Readonly<Record<string, (expr: Expr) => Term>> = {
    Value: (expr) => ({ kind: 'known', value: (expr as { Value: unknown }).Value }),
    Set: (expr) => {
      const members = (expr as { Set: Expr[] }).Set.map(term)
      return {
        kind: 'known',
        value: members.map((member) => (member.kind === 'known' ? member.value : unfilterable(expr))),
      }
    },
    unknown: (expr) => {
      const [name] = (expr as { unknown: { Value: unknown }[] }).unknown
      return name?.Value === 'resource' ? { kind: 'record' } : unfilterable(expr)
    },
    Var: (expr) => ((expr as { Var: string }).Var === 'resource' ? { kind: 'record' } : unfilterable(expr)),
    '.': (expr) => {
      const { left, attr } = (expr as { '.': { left: Expr; attr: string } })['.']
      return term(left).kind === 'record' ? attribute(attr) : unfilterable(expr)
    },
    has: (expr) => {
      const { left, attr } = (expr as { has: { left: Expr; attr: unknown } }).has
      return term(left).kind === 'record' ? has(attr) : unfilterable(expr)
    },
    is: (expr) => {
      const {
        left,
        entity_type: type,
        in: container,
      } = (expr as { is: { left: Expr; entity_type: string; in?: Expr } }).is
      if (term(left).kind !== 'record') return unfilterable(expr)
      const isType: Term = { kind: 'known', value: type === resourceType }
      return container === undefined
        ? isType
        : join([isType, compareRecord('==', { kind: 'record' }, term(container))], 'AND')
    },
    // Records have no parents in this model, so being in an entity is being that entity.
    in: (expr) => {
      const [left, right] = binary(expr, 'in')
      if (right.kind === 'known' && Array.isArray(right.value)) {
        return join(
          right.value.map((value) => compareRecord('==', left, { kind: 'known', value })),
          'OR',
        )
      }
      return compareRecord('==', left, right)
    },
    contains: (expr) => contains(...binary(expr, 'contains')),
    like: (expr) => {
      const { left, pattern } = (expr as { like: { left: Expr; pattern: PatternElem[] } }).like
      return like(term(left), pattern)
    },
    '!': (expr) => negate(truth(term((expr as { '!': { arg: Expr } })['!'].arg))),
    '&&': (expr) => shortCircuit(expr, '&&', 'AND'),
    '||': (expr) => shortCircuit(expr, '||', 'OR'),
    'if-then-else': (expr) => {
      const parts = (expr as { 'if-then-else': { if: Expr; then: Expr; else: Expr } })['if-then-else']
      const test = truth(term(parts.if))
      if (test.kind === 'known') return term(test.value === true ? parts.then : parts.else)
      const yes = join([test, truth(term(parts.then))], 'AND')
      return join([yes, join([negate(test), truth(term(parts.else))], 'AND')], 'OR')
    },
    ...Object.fromEntries(
      Object.keys(comparisons).map((operator) => [
        operator,
        (expr: Expr) => compare(operator, ...binary(expr, operator)),
      ]),
    ),
  }

  function term(expr: Expr): Term {
    const [operator] = Object.keys(expr)
    const compileExpression =
      operator !== undefined && Object.hasOwn(operators, operator) ? operators[operator] : undefined
    return compileExpression === undefined ? unfilterable(expr) : compileExpression(expr)
  }

  /** A column of booleans used as a condition. */
  function truth(value: Term): Term {
    if (value.kind !== 'column') return value
    if (value.type !== 'boolean') return unfilterable(value.sql)
    return condition(dialect === 'sqlite' ? `${value.sql} = 1` : value.sql, [])
  }

  function clause({ kind, body }: Clause): Term {
    const value = truth(term(body))
    return kind === 'when' ? value : negate(value)
  }

  return {
    policy(name: string, residual: PolicyJson): Term {
      policyName = name
      return join(residual.conditions.map(clause), 'AND')
    },
  }
}

function condition(sql: string, parameters: SqlValue[]): Term {
  return { kind: 'condition', condition: { sql, parameters } }
}

function isPresent(attribute: string, options: SqlOptions): Term {
  return condition(`${columnOf(attribute, options)} IS NOT NULL`, [])
}

function asCondition(term: Term): Condition {
  if (term.kind === 'condition') return term.condition
  throw new TypeError(`expected a condition, found ${term.kind}`)
}

function negate(term: Term): Term {
  if (term.kind === 'known') return { kind: 'known', value: term.value !== true }
  const { sql, parameters } = asCondition(term)
  return condition(`NOT (${sql})`, parameters)
}

/** AND or OR of conditions; known ones are dropped or decide. An empty AND is true, an empty OR false. */
function join(terms: readonly Term[], operator: 'AND' | 'OR'): Term {
  const decisive = operator === 'OR'
  const open: Condition[] = []
  for (const term of terms) {
    if (term.kind !== 'known') open.push(asCondition(term))
    else if ((term.value === true) === decisive) return { kind: 'known', value: decisive }
  }
  const [first] = open
  if (first === undefined) return { kind: 'known', value: !decisive }
  if (open.length === 1) return { kind: 'condition', condition: first }
  const sql = open.map((part) => `(${part.sql})`).join(` ${operator} `)
  return condition(
    sql,
    open.flatMap((part) => part.parameters),
  )
}

const identifier = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?$/

function columnOf(attribute: string, options: SqlOptions): string {
  const column = options.columns?.[attribute] ?? attribute
  if (!identifier.test(column)) throw new TypeError(`not the name of a column: ${column}`)
  return column
}

function numbered(sql: string, { dialect, firstParameter = 1 }: SqlOptions): string {
  let next = firstParameter
  return dialect === 'postgres' ? sql.replace(/\?/g, () => `$${next++}`) : sql
}

function sqlValue(value: unknown): SqlValue | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  // Cedar's whole numbers have 64 bits; beyond 53 of them a number here is another one.
  return typeof value === 'string' || Number.isSafeInteger(value) ? (value as SqlValue) : undefined
}

function entityId(value: unknown): { type: string; id: string } | undefined {
  const entity = (value as { __entity?: { type: string; id: string } } | null)?.__entity
  return entity
}

function compareKnown(operator: string, left: unknown, right: unknown): boolean {
  if (operator === '==' || operator === '!=')
    return (JSON.stringify(left) === JSON.stringify(right)) === (operator === '==')
  const [a, b] = [left as number, right as number]
  return { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[operator] ?? false
}

function likeKnown(text: unknown, pattern: PatternElem[]): boolean {
  const source = pattern.map((part) => (part === 'Wildcard' ? '[^]*' : escapeRegExp(part.Literal))).join('')
  return typeof text === 'string' && new RegExp(`^${source}$`, 'u').test(text)
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** SQLite's LIKE ignores case, so there GLOB is used; PostgreSQL's LIKE is exact. */
function likePattern(pattern: PatternElem[], dialect: 'sqlite' | 'postgres'): [string, string] {
  const [operator, any, special] =
    dialect === 'sqlite' ? (['GLOB', '*', /[*?[]/g] as const) : (['LIKE', '%', /[\\%_]/g] as const)
  const literal = (char: string) => (dialect === 'sqlite' ? `[${char}]` : `\\${char}`)
  return [
    operator,
    pattern.map((part) => (part === 'Wildcard' ? any : part.Literal.replace(special, literal))).join(''),
  ]
}
