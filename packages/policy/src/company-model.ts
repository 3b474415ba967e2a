import type { PolicyModel } from './policy-model.ts'

/** The demonstration's tools, records and scopes as policies see them. */
export const companyModel: PolicyModel = {
  scopeHierarchy: { 'write:customers': ['write:own-data', 'read:customers'] },
  resourceTypes: {
    Server: { attributes: {} },
    Customer: {
      attributes: { team: { type: 'string' }, strategic: { type: 'boolean', optional: true } },
      fields: {
        annualRevenue: 'financial',
        creditLimit: 'financial',
        paymentTermsDays: 'financial',
        contactEmail: 'personal',
        contactName: 'personal',
        contactPhone: 'personal',
      },
    },
    Invoice: {
      attributes: { team: { type: 'string' }, classification: { type: 'string', always: 'financial' } },
    },
    Report: { attributes: { name: { type: 'string' }, classification: { type: 'string' } } },
    AuditLog: { attributes: {} },
  },
  tools: {
    whoami: { scopes: [], resourceType: 'Server' },
    list_customers: {
      scopes: ['read:customers'],
      resourceType: 'Customer',
      groups: ['read customers', 'read anything'],
    },
    get_customer: {
      scopes: ['read:customers'],
      resourceType: 'Customer',
      groups: ['read customers', 'read anything'],
    },
    update_customer: { scopes: ['write:own-data'], resourceType: 'Customer', groups: ['change customers'] },
    delete_customer: { scopes: ['write:customers'], resourceType: 'Customer', groups: ['change customers'] },
    run_report: { scopes: ['admin:reports'], resourceType: 'Report', groups: ['read anything'] },
    list_invoices: { scopes: ['read:finance'], resourceType: 'Invoice', groups: ['read anything'] },
    export_audit: { scopes: ['admin:reports'], resourceType: 'AuditLog', groups: ['read anything'] },
    // No MCP tool: the right to begin, mark and sign off access reviews.
    review_access: { scopes: ['admin:reports'], resourceType: 'AuditLog' },
  },
}
