import type { RowFilter } from '@mcp-identity/policy'
import Database from 'better-sqlite3'
import type { ContactRow, CustomerRow, InvoiceRow } from './seed.ts'
import { makeCompanyRecords } from './seed.ts'

export type CustomerStatus = CustomerRow['status'] | 'deleted'

/** A customer as it is stored. */
export interface Customer extends Omit<CustomerRow, 'status'> {
  status: CustomerStatus
  /** ISO instant. */
  updatedAt: string
  /** Who changed it last; empty as long as nobody did. */
  updatedBy: string
}

/** What of a customer can be changed. */
export interface CustomerChanges {
  phone?: string | undefined
  website?: string | undefined
  employees?: number | undefined
  status?: CustomerRow['status'] | undefined
  notes?: string | undefined
}

export interface CustomerQuery {
  team?: string | undefined
  region?: string | undefined
  industry?: string | undefined
  status?: CustomerStatus | undefined
  /** Part of the name, in any case. */
  name?: string | undefined
  /** The id after which the page begins. */
  after?: string | undefined
  limit: number
}

export interface InvoiceQuery {
  customerId?: string | undefined
  status?: InvoiceRow['status'] | undefined
  after?: string | undefined
  limit: number
}

/** One line of a report: what was counted, and the numbers. */
export interface ReportRow {
  [column: string]: string | number
}

export interface CustomerDatabase {
  /** A customer, deleted ones included. */
  customer(id: string): Customer | undefined
  contactsOf(customerId: string): ContactRow[]
  /** Customers that the filter lets through, in the order of their ids; deleted ones only when asked for. */
  customers(query: CustomerQuery, filter: RowFilter): Customer[]
  invoices(query: InvoiceQuery, filter: RowFilter): InvoiceRow[]
  /** @returns false when there is no such customer. */
  change(id: string, changes: CustomerChanges, by: string, at: string): boolean
  /** Marks a customer as deleted; `change` with a status brings it back. @returns false when it is not there or is deleted. */
  remove(id: string, by: string, at: string): boolean
  /** Runs one of {@link reports}. */
  report(name: string): ReportRow[]
  close(): void
}

export interface ReportDescription {
  title: string
  classification: 'ordinary' | 'financial'
  sql: string
}

/** The reports that can be run, by name. */
export const reports: Readonly<Record<string, ReportDescription>> = {
  'customers-by-team': {
    title: 'Customers by team',
    classification: 'ordinary',
    sql: `SELECT team, count(*) AS customers, sum(status = 'active') AS active, sum(status = 'prospect') AS prospects
          FROM customer WHERE status <> 'deleted' GROUP BY team ORDER BY team`,
  },
  'customers-by-industry': {
    title: 'Customers by industry',
    classification: 'ordinary',
    sql: `SELECT industry, count(*) AS customers, sum(employees) AS employees
          FROM customer WHERE status <> 'deleted' GROUP BY industry ORDER BY customers DESC`,
  },
  'new-customers-by-year': {
    title: 'New customers by year',
    classification: 'ordinary',
    sql: `SELECT substr(customer_since, 1, 4) AS year, count(*) AS customers
          FROM customer WHERE status <> 'deleted' GROUP BY year ORDER BY year DESC`,
  },
  'receivables-by-team': {
    title: 'Open receivables by team',
    classification: 'financial',
    sql: `SELECT team, count(*) AS invoices, sum(amount) AS amount, sum(status = 'overdue') AS overdue
          FROM invoice WHERE status <> 'paid' GROUP BY team ORDER BY team`,
  },
}

/** Kept in the file; a file of another version holds nothing worth keeping and is filled anew. */
const schemaVersion = 2

const schema = `
  DROP TABLE IF EXISTS invoice;
  DROP TABLE IF EXISTS contact;
  DROP TABLE IF EXISTS customer;
  CREATE TABLE customer (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, industry TEXT NOT NULL, team TEXT NOT NULL, region TEXT NOT NULL,
    city TEXT NOT NULL, website TEXT NOT NULL, phone TEXT NOT NULL, employees INTEGER NOT NULL, status TEXT NOT NULL,
    strategic INTEGER NOT NULL,
    customer_since TEXT NOT NULL, credit_limit INTEGER NOT NULL, payment_terms_days INTEGER NOT NULL,
    annual_revenue INTEGER NOT NULL, notes TEXT NOT NULL, updated_at TEXT NOT NULL, updated_by TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX customer_by_team ON customer (team, id);
  CREATE TABLE contact (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customer (id), name TEXT NOT NULL, title TEXT NOT NULL,
    email TEXT NOT NULL, phone TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX contact_by_customer ON contact (customer_id);
  CREATE TABLE invoice (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customer (id), team TEXT NOT NULL, description TEXT NOT NULL,
    issued_on TEXT NOT NULL, due_on TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX invoice_by_customer ON invoice (customer_id);
`

/** Member of {@link Customer} → column, for what is selected and changed. */
const columns: Readonly<Record<string, string>> = {
  id: 'id',
  name: 'name',
  industry: 'industry',
  team: 'team',
  region: 'region',
  city: 'city',
  website: 'website',
  phone: 'phone',
  employees: 'employees',
  status: 'status',
  strategic: 'strategic',
  customerSince: 'customer_since',
  creditLimit: 'credit_limit',
  paymentTermsDays: 'payment_terms_days',
  annualRevenue: 'annual_revenue',
  notes: 'notes',
  updatedAt: 'updated_at',
  updatedBy: 'updated_by',
}
const selectedCustomer = Object.entries(columns)
  .map(([member, column]) => `${column} AS ${member}`)
  .join(', ')
const selectedInvoice =
  'id, customer_id AS customerId, team, description, issued_on AS issuedOn, due_on AS dueOn, amount, status'

/**
 * Opens the demonstration's customers in a SQLite file and fills it when it is new.
 *
 * Row filters are conditions of the policy engine with parameters; every other value is a parameter too.
 *
 * @param reseed Throw away what is there and fill it anew.
 */
export function openCustomerDatabase(path: string, { reseed = false }: { reseed?: boolean } = {}): CustomerDatabase {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('foreign_keys = ON')
  if (reseed || database.pragma('user_version', { simple: true }) !== schemaVersion) fill(database)

  const oneCustomer = database.prepare(`SELECT ${selectedCustomer} FROM customer WHERE id = ?`)
  const contacts = database.prepare(
    'SELECT id, customer_id AS customerId, name, title, email, phone FROM contact WHERE customer_id = ? ORDER BY id',
  )
  const remove = database.prepare(
    `UPDATE customer SET status = 'deleted', updated_by = ?, updated_at = ? WHERE id = ? AND status <> 'deleted'`,
  )

  return {
    customer: (id) => fromRow(oneCustomer.get(id)),
    contactsOf: (customerId) => contacts.all(customerId) as ContactRow[],
    customers({ after, limit, name, ...exact }, filter) {
      const where = conditions({ ...exact, status: exact.status }, filter)
      if (exact.status === undefined) where.add(`status <> 'deleted'`)
      if (after !== undefined) where.add('id > ?', after)
      if (name !== undefined) where.add('instr(lower(name), lower(?)) > 0', name)
      const sql = `SELECT ${selectedCustomer} FROM customer WHERE ${where.sql()} ORDER BY id LIMIT ?`
      return database
        .prepare(sql)
        .all(...where.parameters, limit)
        .flatMap((row) => fromRow(row) ?? [])
    },
    invoices({ customerId, after, limit, status }, filter) {
      const where = conditions({ customer_id: customerId, status }, filter)
      if (after !== undefined) where.add('id > ?', after)
      const sql = `SELECT ${selectedInvoice} FROM invoice WHERE ${where.sql()} ORDER BY id LIMIT ?`
      return database.prepare(sql).all(...where.parameters, limit) as InvoiceRow[]
    },
    change(id, changes, by, at) {
      const given = Object.entries({ ...changes, updatedBy: by, updatedAt: at }).filter(
        ([, value]) => value !== undefined,
      )
      const assignments = given.map(([member]) => `${columnOf(member)} = ?`).join(', ')
      const values = given.map(([, value]) => value)
      return database.prepare(`UPDATE customer SET ${assignments} WHERE id = ?`).run(...values, id).changes === 1
    },
    remove: (id, by, at) => remove.run(by, at, id).changes === 1,
    report(name) {
      const description = Object.hasOwn(reports, name) ? reports[name] : undefined
      if (description === undefined) throw new TypeError(`there is no report ${name}`)
      return database.prepare(description.sql).all() as ReportRow[]
    },
    close: () => void database.close(),
  }
}

/** SQLite has no booleans. */
function fromRow(row: unknown): Customer | undefined {
  if (row === undefined) return undefined
  return { ...(row as Customer), strategic: (row as { strategic: number }).strategic === 1 }
}

function conditions(exact: Record<string, string | undefined>, filter: RowFilter) {
  const parts = ['1 = 1']
  const parameters: (string | number)[] = []
  const add = (sql: string, ...values: (string | number)[]): void => {
    parts.push(sql)
    parameters.push(...values)
  }
  for (const [column, value] of Object.entries(exact)) if (value !== undefined) add(`${column} = ?`, value)
  if (filter === 'none') add('1 = 0')
  else if (filter !== 'all') add(`(${filter.sql})`, ...filter.parameters)
  return { add, parameters, sql: () => parts.join(' AND ') }
}

function columnOf(member: string): string {
  const column = Object.hasOwn(columns, member) ? columns[member] : undefined
  if (column === undefined) throw new TypeError(`a customer has no ${member}`)
  return column
}

function fill(database: Database.Database): void {
  const { customers, contacts, invoices } = makeCompanyRecords()
  database.exec(schema)
  const intoCustomer = database.prepare(`
    INSERT INTO customer VALUES (@id, @name, @industry, @team, @region, @city, @website, @phone, @employees, @status, @strategic,
      @customerSince, @creditLimit, @paymentTermsDays, @annualRevenue, @notes, @customerSince, '')`)
  const intoContact = database.prepare('INSERT INTO contact VALUES (@id, @customerId, @name, @title, @email, @phone)')
  const intoInvoice = database.prepare(
    'INSERT INTO invoice VALUES (@id, @customerId, @team, @description, @issuedOn, @dueOn, @amount, @status)',
  )
  database.transaction(() => {
    for (const row of customers) intoCustomer.run({ ...row, strategic: Number(row.strategic) })
    for (const row of contacts) intoContact.run(row)
    for (const row of invoices) intoInvoice.run(row)
  })()
  database.pragma(`user_version = ${schemaVersion}`)
}
