/** The audit stream: who got which certificate when, one line each, in a schema that only grows. */
export { type AuditEntry, type AuditLog, createAuditLog } from './audit-log.ts'
