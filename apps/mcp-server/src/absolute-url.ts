import { z } from 'zod'

/** A setting that is an address to be asked. */
export const absoluteUrl = z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' })
