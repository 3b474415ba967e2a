import {
  companyStems,
  contactTitles,
  firstNames,
  industries,
  lastNames,
  legalForms,
  noteSentences,
  products,
  teams,
} from './names.ts'

export interface CustomerRow {
  id: string
  name: string
  industry: string
  team: string
  region: string
  city: string
  website: string
  phone: string
  employees: number
  status: 'active' | 'prospect' | 'inactive'
  /** Deleting it takes two people. */
  strategic: boolean
  /** ISO date. */
  customerSince: string
  /** US dollars. */
  creditLimit: number
  /** Days until an invoice is due. */
  paymentTermsDays: number
  /** US dollars. */
  annualRevenue: number
  notes: string
}

export interface ContactRow {
  id: string
  customerId: string
  name: string
  title: string
  email: string
  phone: string
}

export interface InvoiceRow {
  id: string
  customerId: string
  team: string
  description: string
  /** ISO dates. */
  issuedOn: string
  dueOn: string
  /** US dollars. */
  amount: number
  status: 'paid' | 'open' | 'overdue'
}

export interface CompanyRecords {
  customers: CustomerRow[]
  contacts: ContactRow[]
  invoices: InvoiceRow[]
}

const customerCount = 800
/** Customers that people of the story meet by name, so their team is fixed. */
const fixedTeams: Readonly<Record<number, string>> = {
  1: 'Sales East',
  2: 'Sales West',
  3: 'Sales Central',
  789: 'Sales East',
}
const today = Date.UTC(2026, 10, 23)
const dayMs = 86_400_000

/** Makes the demonstration's customers, contacts and invoices: always the same ones. */
export function makeCompanyRecords(): CompanyRecords {
  const random = createRandom(20_261_123)
  const records: CompanyRecords = { customers: [], contacts: [], invoices: [] }
  const namesTaken = new Set<string>()
  for (let number = 1; number <= customerCount; number++) {
    const customer = makeCustomer(number, random, namesTaken)
    records.customers.push(customer)
    records.contacts.push(...makeContacts(customer, random))
    if (customer.status !== 'prospect') records.invoices.push(...makeInvoices(customer, random))
  }
  return records
}

function makeCustomer(number: number, random: Random, namesTaken: Set<string>): CustomerRow {
  const industry = random.of(industries)
  const team = teams.find(({ name }) => name === fixedTeams[number]) ?? random.of(teams)
  const name = makeName(industry.endings, random, namesTaken)
  const employees = Math.round(8 * 10 ** (random.fraction() * 2.6))
  const annualRevenue = roundTo(employees * industry.revenuePerEmployee * (0.7 + random.fraction() * 0.6), 10_000)
  return {
    id: `cust_${String(number).padStart(3, '0')}`,
    name: `${name} ${random.of(legalForms)}`,
    industry: industry.name,
    team: team.name,
    region: team.region,
    city: random.of(team.cities),
    website: `https://www.${domainOf(name)}`,
    phone: phoneNumber(random),
    employees,
    status: number in fixedTeams ? 'active' : random.weighted({ active: 80, prospect: 12, inactive: 8 }),
    strategic: !(number in fixedTeams) && employees > 2_500,
    customerSince: isoDate(today - random.whole(60, 3_600) * dayMs),
    creditLimit: roundTo(Math.min(annualRevenue * 0.02, 2_000_000), 5_000) + 5_000,
    paymentTermsDays: random.of([14, 30, 30, 30, 45, 60]),
    annualRevenue,
    notes: random.some(noteSentences, random.whole(0, 3)).join(' '),
  }
}

function makeName(endings: string[], random: Random, taken: Set<string>): string {
  for (;;) {
    const name = `${random.of(companyStems)} ${random.of(endings)}`
    const unique = taken.has(name) ? `${random.of(companyStems)} & ${name}` : name
    if (taken.has(unique)) continue
    taken.add(unique)
    return unique
  }
}

function makeContacts(customer: CustomerRow, random: Random): ContactRow[] {
  const domain = new URL(customer.website).hostname.slice('www.'.length)
  return random.some(contactTitles, random.whole(1, 3)).map((title, index) => {
    const [first, last] = [random.of(firstNames), random.of(lastNames)]
    return {
      id: `${customer.id.replace('cust', 'cont')}_${index + 1}`,
      customerId: customer.id,
      name: `${first} ${last}`,
      title,
      email: `${first}.${last}@${domain}`.toLowerCase(),
      phone: phoneNumber(random),
    }
  })
}

function makeInvoices(customer: CustomerRow, random: Random): InvoiceRow[] {
  return Array.from({ length: random.whole(1, 5) }, (_, index) => {
    const issued = today - random.whole(1, 540) * dayMs
    const due = issued + customer.paymentTermsDays * dayMs
    return {
      id: `${customer.id.replace('cust', 'inv')}_${index + 1}`,
      customerId: customer.id,
      team: customer.team,
      description: random.of(products),
      issuedOn: isoDate(issued),
      dueOn: isoDate(due),
      amount: roundTo(800 + (customer.creditLimit / 4) * random.fraction(), 50),
      status: due > today ? random.weighted({ open: 70, paid: 30 }) : random.weighted({ paid: 94, overdue: 6 }),
    }
  })
}

interface Random {
  /** 0 to just under 1. */
  fraction(): number
  whole(least: number, most: number): number
  of<Item>(items: readonly Item[]): Item
  some<Item>(items: readonly Item[], count: number): Item[]
  weighted<Name extends string>(weights: Record<Name, number>): Name
}

/** Mulberry32: small, and the same sequence everywhere. Not for secrets. */
function createRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (least: number, most: number): number => least + Math.floor(fraction() * (most - least + 1))
  const of = <Item>(items: readonly Item[]): Item => items[whole(0, items.length - 1)] as Item
  return {
    fraction,
    whole,
    of,
    some(items, count) {
      const left = [...items]
      return Array.from({ length: count }, () => left.splice(whole(0, left.length - 1), 1)).flat()
    },
    weighted(weights) {
      const names = Object.keys(weights) as (keyof typeof weights)[]
      return of(names.flatMap((name) => Array<typeof name>(weights[name]).fill(name)))
    },
  }
}

/** Numbers 555-0100 to 555-0199 are kept free for fiction. */
function phoneNumber(random: Random): string {
  return `+1 ${random.whole(201, 989)} 555 01${String(random.whole(0, 99)).padStart(2, '0')}`
}

/** `.example` is kept free for documentation (RFC 2606). */
function domainOf(name: string): string {
  return `${name.toLowerCase().replace(/[^a-z]+/g, '-')}.example`
}

function roundTo(value: number, step: number): number {
  return Math.round(value / step) * step
}

function isoDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
