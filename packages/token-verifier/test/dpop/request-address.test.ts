import { describe, expect, it } from 'vitest'
import { isSameAddress } from '../../src/dpop/request-address.ts'

const url = 'https://mcp.company.com/mcp'

describe('htu (RFC 9449 section 4.3, check 9)', () => {
  it.each([
    [url, url],
    ['HTTPS://MCP.Company.com/mcp', url],
    ['https://mcp.company.com:443/mcp', url],
    ['https://mcp.company.com/m%63p', url],
    ['https://mcp.company.com/a%2fb', 'https://mcp.company.com/a%2Fb'],
    ['https://mcp.company.com/a%7Eb', 'https://mcp.company.com/a~b'],
    [`${url}?q=1`, url],
    [url, `${url}?q=1`],
    [`${url}#part`, url],
    [`${url}?q=1`, `${url}?q=1`],
    ['https://mcp.company.com', 'https://mcp.company.com/'],
  ])('%s is the address %s', (htu, address) => {
    expect(isSameAddress(htu, address)).toBe(true)
  })

  it.each([
    ['https://mcp.company.com/MCP', url],
    ['https://mcp.company.com/mcp/', url],
    ['http://mcp.company.com/mcp', url],
    ['https://mcp.company.com:8443/mcp', url],
    ['https://other.company.com/mcp', url],
    ['https://mcp.company.com/a%2Fb', 'https://mcp.company.com/a/b'],
    ['/mcp', url],
    ['', url],
    ['nothing', 'other'],
    ['https://alice@mcp.company.com/mcp', url],
    ['https://:secret@mcp.company.com/mcp', url],
    ['https://alice@mcp.company.com/mcp?q', 'https://alice@mcp.company.com/mcp?q'],
  ])('%s is not the address %s', (htu, address) => {
    expect(isSameAddress(htu, address)).toBe(false)
  })
})
