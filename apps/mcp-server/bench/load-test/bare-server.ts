import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Reads a body and answers as long as the tool would; ends with its parent. */
const text = 'Person 12345, person of the company, Sales. Groups: Customer Readers, All Staff. '.repeat(8)

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { id } = JSON.parse(Buffer.concat(chunks).toString())
    const body = JSON.stringify({ result: { content: [{ type: 'text', text }] }, jsonrpc: '2.0', id })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
