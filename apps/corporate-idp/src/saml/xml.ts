import { DOMParser, type Element } from '@xmldom/xmldom'
import { html } from '../sign-in/html.ts'
import { SamlError } from './saml-error.ts'

/** Builds XML; every value is escaped unless it is markup itself. What HTML asks for is enough for XML too. */
export const xml = html

/**
 * Parses a message from outside. A document type declaration is refused before anything is parsed: entities are how a
 * small message becomes a large one, and how one reads what it should not (SAML Security Considerations).
 *
 * @throws {SamlError} It is not well-formed, or declares a document type.
 */
export function parseXml(text: string): Element {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new SamlError('the message declares a document type')
  try {
    const parser = new DOMParser({
      onError: (_level, message) => {
        throw new SamlError(message)
      },
    })
    const root = parser.parseFromString(text, 'text/xml').documentElement
    if (root !== null) return root
  } catch (cause) {
    throw new SamlError('the message is not well-formed XML', { cause })
  }
  throw new SamlError('the message is empty')
}

/** The children of an element that have this name, never deeper ones: depth is how signatures are wrapped. */
export function childrenOf(element: Element, namespace: string, name: string): Element[] {
  return [...element.children].filter((child) => child.localName === name && child.namespaceURI === namespace)
}

/** @throws {SamlError} There is more than one. */
export function childOf(element: Element, namespace: string, name: string): Element | undefined {
  const found = childrenOf(element, namespace, name)
  if (found.length > 1) throw new SamlError(`the message has ${found.length} elements ${name} where one may be`)
  return found[0]
}

export function attributeOf(element: Element, name: string): string | undefined {
  return element.getAttribute(name) ?? undefined
}

/** The text of an element without comments, as it was signed. */
export function textOf(element: Element | undefined): string {
  return element?.textContent?.trim() ?? ''
}
