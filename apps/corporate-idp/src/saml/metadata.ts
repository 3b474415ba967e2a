import type { SamlAddresses } from '@mcp-identity/provider-dialects'
import { type SamlKey, withoutArmour } from './certificate.ts'
import { bindings, nameIdFormats, namespaces } from './names.ts'
import { xml } from './xml.ts'

/** How long others may keep the metadata (SAML Metadata 2.3.2): as long as a new key takes to be known everywhere. */
const cacheDuration = 'PT10M'

/** The metadata of this identity provider (SAML Metadata 2.4.3): every key that may have signed, the newest first. */
export function buildMetadata(
  { entityId, singleSignOn, singleLogout }: SamlAddresses,
  keys: readonly SamlKey[],
): string {
  const services = (name: string, location: string) =>
    [bindings.redirect, bindings.post].map((binding) => xml`<md:${name} Binding="${binding}" Location="${location}"/>`)
  return xml`<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${namespaces.metadata}" entityID="${entityId}" cacheDuration="${cacheDuration}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${namespaces.protocol}">${keys.map(keyDescriptor)}
    ${services('SingleLogoutService', singleLogout)}
    <md:NameIDFormat>${nameIdFormats.persistent}</md:NameIDFormat>
    ${services('SingleSignOnService', singleSignOn)}
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`.html
}

function keyDescriptor({ kid, certificate }: SamlKey) {
  return xml`
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${namespaces.signature}"><ds:KeyName>${kid}</ds:KeyName><ds:X509Data><ds:X509Certificate>${withoutArmour(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}
