import { createSecureContext } from 'node:tls'
import { readText } from './read-text.ts'

/** PEM of the server's certificate chain and its key. */
export interface TlsConfig {
  certificate: string
  key: string
}

/** The settings that name them. */
export interface TlsSettings {
  MCP_TLS_CERTIFICATE_FILE?: string | undefined
  MCP_TLS_KEY_FILE?: string | undefined
}

/** Both or none; a pair that does not fit together is found here and not by the first caller. */
export function readTlsConfig(environment: TlsSettings, problems: string[]): TlsConfig | undefined {
  const { MCP_TLS_CERTIFICATE_FILE: certificateFile, MCP_TLS_KEY_FILE: keyFile } = environment
  if (certificateFile === undefined && keyFile === undefined) return undefined
  if (certificateFile === undefined || keyFile === undefined) {
    problems.push('MCP_TLS_CERTIFICATE_FILE and MCP_TLS_KEY_FILE belong together; set both, or none')
    return undefined
  }
  const certificate = readText('MCP_TLS_CERTIFICATE_FILE', certificateFile, "the server's certificate", problems)
  const key = readText('MCP_TLS_KEY_FILE', keyFile, "the certificate's key", problems)
  if (certificate === undefined || key === undefined) return undefined
  try {
    createSecureContext({ cert: certificate, key })
    return { certificate, key }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    problems.push(`MCP_TLS_CERTIFICATE_FILE: ${certificateFile} and ${keyFile} are no pair in PEM (${reason})`)
    return undefined
  }
}
