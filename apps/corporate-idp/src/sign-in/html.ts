/** Text that is HTML already. Only {@link html} makes it. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | undefined | false | readonly Html[]

/** Builds HTML; every value is escaped unless it is HTML itself. `undefined` and `false` leave nothing behind. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((text, index) => text + (index < parts.length ? render(parts[index]) : '')).join('') }
}

/** HTML that oidc-provider made, such as its sign-out form. Never for anything that a person typed. */
export function trustedHtml(text: string): Html {
  return { html: text }
}

function render(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  if ('html' in part) return part.html
  return part.map(({ html }) => html).join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
